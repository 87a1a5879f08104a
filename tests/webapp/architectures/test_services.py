"""Promoting and rejecting: permissions, reasons and the history."""

from __future__ import annotations

import pytest

from webapp.accounts.models import User
from webapp.architectures.services.moves import DecisionRefused, promote, reject

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(team, researcher, make_entry):
    return make_entry(team, researcher, "gate cell")


def test_a_kept_candidate_is_proposed_with_a_copy_of_its_measurements(entry, researcher):
    assert (entry.stage, entry.reason, entry.kept_by) == ("proposed", "", researcher)
    assert {m["objective"]: m["value"] for m in entry.measurements} == {
        "error": 5.0,
        "params": 2_500_000.0,
    }
    assert entry.source["number"] == 0 and entry.source["run_name"] == "a run"


def test_promoting_stores_user_time_and_reason(entry, curator):
    promote(entry, curator, "  good at its size ")
    entry.refresh_from_db()
    assert (entry.stage, entry.reason, entry.decided_by) == (
        "approved",
        "good at its size",
        curator,
    )
    assert entry.decided_at is not None
    last, first = entry.history.order_by("-history_date", "-history_id")
    assert (first.stage, last.stage, last.reason) == ("proposed", "approved", "good at its size")
    assert last.history_change_reason == "good at its size"


def test_a_decision_may_be_changed_and_the_history_keeps_both(entry, curator, owner):
    promote(entry, curator, "small")
    reject(entry, owner, "slow on the device")
    entry.refresh_from_db()
    assert (entry.stage, entry.decided_by) == ("rejected", owner)
    stages = entry.history.order_by("history_date", "history_id").values_list("stage", flat=True)
    assert list(stages) == ["proposed", "approved", "rejected"]


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("", "needs a reason: write one sentence"),
        (" \n\t", "needs a reason: write one sentence"),
        ("x" * 501, r"at most 500 characters \(got 501\)"),
        ("a\0b", "NUL"),
    ],
)
def test_a_reason_that_cannot_be_stored_changes_nothing(entry, curator, reason, message):
    with pytest.raises(DecisionRefused, match=message):
        promote(entry, curator, reason)
    entry.refresh_from_db()
    assert (entry.stage, entry.history.count()) == ("proposed", 1)


@pytest.mark.parametrize("name", ["researcher", "viewer", "stranger"])
def test_other_roles_cannot_decide(entry, name, request):
    with pytest.raises(DecisionRefused, match="you need the curator role in Vision"):
        reject(entry, request.getfixturevalue(name), "no")
    entry.refresh_from_db()
    assert entry.stage == "proposed"


def test_an_administrator_decides_without_being_a_member(entry):
    promote(entry, User.objects.create_superuser("root"), "fine")
    entry.refresh_from_db()
    assert entry.stage == "approved"


def test_the_same_decision_twice_is_refused(entry, curator):
    promote(entry, curator, "good")
    with pytest.raises(DecisionRefused, match="already approved"):
        promote(entry, curator, "still good")
    entry.refresh_from_db()
    assert (entry.reason, entry.history.count()) == ("good", 2)
