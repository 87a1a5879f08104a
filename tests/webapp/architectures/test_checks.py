"""Checks of entries: who is due, what a worker gets and stores, the command, the notice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.fixtures.factories import make_slot
from tests.fixtures.html_reader import read
from webapp.architectures.models import CatalogueEntry, EntryCheck
from webapp.architectures.network_drawing import network_drawing
from webapp.architectures.services import check_jobs
from webapp.architectures.services.checks import due_entries, request_check, request_due_checks
from webapp.architectures.services.moves import promote
from webapp.runs.drawings import drawing
from webapp.runs.models import WorkerSlot
from workers.trainer import HANDLERS, Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(team, researcher, curator, make_entry):
    return promote(make_entry(team, researcher, "gate cell"), curator, "good")


@pytest.fixture
def slot():
    return make_slot("checker")


def claimed(slot):
    """Claim the next check; there must be one."""
    (turn, *_) = check_jobs.turns(["cpu"])
    claim = check_jobs.claim_turn(slot, turn)
    assert claim is not None
    return claim


def checked(claim):
    """Inspect as the trainer process does, and store the result."""
    outcome = HANDLERS["inspect"](Job({"job": 1, **claim.request}, None, None))
    assert check_jobs.finish(claim, outcome["state"], outcome["reason"], outcome)
    return CatalogueEntry.objects.get(pk=claim.entry_id)


def correct(entry, counts):
    """Give the entry the measurements that its network really has."""
    measured = [m | {"value": counts.get(m["objective"], m["value"])} for m in entry.measurements]
    CatalogueEntry.objects.filter(pk=entry.pk).update(measurements=measured)


def test_a_worker_finds_what_differs_and_stores_the_table_of_the_network(entry, slot):
    request_check(entry)
    first = checked(claimed(slot))
    assert first.check_passed is False
    (problem,) = first.check_report["problems"]
    assert problem.endswith("instead of 2,500,000")
    assert first.network["input_shape"] == [1, 8, 8]
    counts = first.check_report["counts"]
    assert sum(part["params"] for part in first.network["parts"]) == counts["params"]
    assert first.history.count() == 2, "a check is no change of the entry"
    (whole,) = network_drawing(first.network, drawing(first.architecture))["cells"]
    assert [whole["nodes"][i]["label"] for i in (0, 1, -1)] == ["1 x 8 x 8", "16 x 8 x 8", "10"]
    assert whole["edges"][0]["label"] == "stem"
    assert network_drawing(first.network, {"cells": [{"name": "chain"}]}) is None
    assert network_drawing({}, drawing(first.architecture)) is None

    correct(entry, counts)
    request_check(entry)
    second = checked(claimed(slot))
    assert second.check_passed is True
    assert second.check_report["problems"] == []
    assert second.checked_at > first.checked_at


def test_counts_of_an_earlier_check_are_expected_again(entry, slot):
    request_check(entry)
    counts = checked(claimed(slot)).check_report["counts"]
    correct(entry, counts)
    CatalogueEntry.objects.filter(pk=entry.pk).update(
        check_report={"counts": {**counts, "macs": 7}}
    )
    request_check(entry)
    assert checked(claimed(slot)).check_report["problems"] == [
        f"macs of the rebuilt network: {counts['macs']:,} instead of 7"
    ]


def test_an_entry_whose_space_refuses_it_is_a_problem(entry, slot):
    broken = {**entry.architecture, "genome": "|none~0|"}
    CatalogueEntry.objects.filter(pk=entry.pk).update(architecture=broken)
    request_check(entry)
    (problem,) = checked(claimed(slot)).check_report["problems"]
    assert problem.startswith("cannot be rebuilt")


def test_a_check_that_fails_is_stored_and_one_that_is_cancelled_is_not(entry, slot):
    request_check(entry)
    claim = claimed(slot)
    assert check_jobs.finish(claim, "failed", "RuntimeError: no memory", {})
    assert not check_jobs.finish(claim, "failed", "again", {})
    entry.refresh_from_db()
    assert entry.check_report["problems"] == ["the check failed: RuntimeError: no memory"]
    CatalogueEntry.objects.filter(pk=entry.pk).update(check_passed=None, checked_at=None)
    request_check(entry)
    assert check_jobs.finish(claimed(slot), "cancelled", "stopped", {})
    entry.refresh_from_db()
    assert entry.checked_at is None


def test_one_check_of_an_entry_is_open_at_a_time(entry):
    assert request_check(entry) is not None
    assert request_check(entry) is None
    assert EntryCheck.objects.count() == 1


def test_entries_in_use_are_due_once_a_day(entry, team, researcher, make_entry, settings):
    settings.CATALOGUE_CHECK_SECONDS = 86400
    other = make_entry(team, researcher, "proposed", seed=2)
    assert list(due_entries()) == [entry, other], "no network is known of the second"
    now = timezone.now()
    CatalogueEntry.objects.update(checked_at=now)
    assert request_due_checks() == 1
    check = EntryCheck.objects.get()
    assert (check.entry, check.priority) == (entry, -1)
    assert request_due_checks() == 0
    EntryCheck.objects.update(state="done", created_at=now - timedelta(hours=23))
    assert request_due_checks() == 0
    EntryCheck.objects.update(created_at=now - timedelta(hours=25))
    assert request_due_checks() == 1


def test_the_command_queues_checks_and_says_what_differs(entry, team, make_entry, capsys):
    make_entry(team, None, "proposed", seed=2)
    call_command("check_catalogue", "--no-wait")
    assert "Checks queued: 1" in capsys.readouterr().out
    WorkerSlot.objects.update(stopped_at=timezone.now())
    with pytest.raises(CommandError, match="no worker serves queue cpu"):
        call_command("check_catalogue", "--all")
    assert EntryCheck.objects.count() == 2


def test_the_command_waits_and_names_each_result(entry, team, make_entry, capsys, monkeypatch):
    other = make_entry(team, None, "proposed", seed=2)

    def work(seconds):
        EntryCheck.objects.update(state="done")
        CatalogueEntry.objects.update(check_passed=True)
        changed = {"check_passed": False, "check_report": {"problems": ["macs: 8 instead of 7"]}}
        CatalogueEntry.objects.filter(pk=other.pk).update(**changed)

    monkeypatch.setattr("time.sleep", work)
    with pytest.raises(CommandError, match="1 of 2 architectures differ"):
        call_command("check_catalogue", "--all", "--team", team.slug)
    printed = capsys.readouterr().out
    assert f"as before  {entry.pk} gate cell" in printed
    assert f"differs    {other.pk} proposed: macs: 8 instead of 7" in printed


def test_problems_are_on_the_page_and_on_the_overview(entry, viewer, sign_in):
    CatalogueEntry.objects.update(
        check_passed=False, check_report={"problems": ["macs of the rebuilt network: 8"]}
    )
    client = sign_in(viewer)
    page = read(client.get(f"/architectures/{entry.pk}/"))
    assert "Macs of the rebuilt network: 8." in page.one("check-problems").text
    assert "Something differs" in page.one("check-result").text
    attention = read(client.get("/")).one("attention").text
    assert "gate cell" in attention
    assert "macs of the rebuilt network: 8" in attention


def test_a_researcher_asks_for_a_check_on_the_page(entry, researcher, sign_in):
    client = sign_in(researcher)
    address = f"/architectures/{entry.pk}/check"
    assert client.post(address).status_code == 302
    assert EntryCheck.objects.get().requested_by == researcher
    again = client.post(address)
    assert again.status_code == 200
    assert b"A check of this architecture is under way already" in again.content
