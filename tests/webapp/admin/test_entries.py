"""Reviewing entries in the admin: the queue, the reason, permissions, the history."""

from __future__ import annotations

import pytest

from tests.fixtures.people import make_user

pytestmark = pytest.mark.django_db
LIST = "/admin/architectures/catalogueentry/"
SELECTED = "_selected_action"


@pytest.fixture
def entry(team, researcher, make_entry):
    return make_entry(team, researcher, "gate cell")


@pytest.fixture
def foreign(other_team, make_entry):
    return make_entry(other_team, None, "their cell", seed=9)


@pytest.fixture
def curating(curator, sign_in):
    return sign_in(curator)


def test_an_entry_is_promoted_with_a_reason(entry, curator, curating):
    address = f"{LIST}{entry.pk}/promote/"
    page = curating.get(address)
    assert page.status_code == 200 and b"gate cell" in page.content
    entry.refresh_from_db()
    assert entry.stage == "proposed"

    answer = curating.post(address, {"reason": "best of its size"})
    assert answer.status_code == 302 and answer["Location"] == f"{LIST}{entry.pk}/change/"
    entry.refresh_from_db()
    assert (entry.stage, entry.reason, entry.decided_by) == (
        "approved",
        "best of its size",
        curator,
    )
    last = entry.history.first()
    assert (last.stage, last.history_user, last.reason) == (
        "approved",
        curator,
        "best of its size",
    )
    history = curating.get(f"{LIST}{entry.pk}/history/")
    assert history.status_code == 200
    assert b"best of its size" in history.content and b"carl" in history.content


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_without_a_valid_reason_nothing_changes(entry, curating, reason):
    page = curating.post(f"{LIST}{entry.pk}/reject/", {"reason": reason})
    assert page.status_code == 200 and b'data-error="reason"' in page.content
    entry.refresh_from_db()
    assert (entry.stage, entry.history.count()) == ("proposed", 1)


def test_several_entries_are_rejected_at_once_and_refusals_are_shown(
    team, researcher, entry, make_entry, curating
):
    other = make_entry(team, researcher, "second cell", seed=2)
    chosen = {"action": "reject_selected", SELECTED: [entry.pk, other.pk]}
    assert b"second cell" in curating.post(LIST, chosen).content
    curating.post(f"{LIST}{entry.pk}/reject/", {"reason": "first"})
    answer = curating.post(LIST, {**chosen, "reason": "both too slow"}, follow=True)
    assert b"Rejected: second cell." in answer.content
    assert b"gate cell: gate cell is already rejected." in answer.content
    entry.refresh_from_db()
    other.refresh_from_db()
    assert (entry.reason, other.reason, other.stage) == ("first", "both too slow", "rejected")


def test_entries_of_another_team_are_a_404(entry, foreign, curating):
    assert [e.pk for e in curating.get(LIST).context["cl"].result_list] == [entry.pk]
    for address in ("change/", "history/", "history/1/", "promote/", "reject/", "delete/"):
        answer = curating.get(f"{LIST}{foreign.pk}/{address}")
        assert answer.status_code in (302, 403, 404), address
        assert b"their cell" not in answer.content
    curating.post(f"{LIST}{foreign.pk}/promote/", {"reason": "forged"})
    curating.post(LIST, {"action": "promote_selected", SELECTED: [foreign.pk], "reason": "forged"})
    curating.post(f"{LIST}{foreign.pk}/change/", {"name": "forged", "note": ""})
    foreign.refresh_from_db()
    assert (foreign.stage, foreign.name) == ("proposed", "their cell")


def test_only_name_and_note_can_be_edited(entry, curating):
    form = {"name": "gate cell 2", "note": "for the camera", "stage": "approved", "reason": "x"}
    assert curating.post(f"{LIST}{entry.pk}/change/", form).status_code == 302
    entry.refresh_from_db()
    assert (entry.name, entry.note, entry.stage) == ("gate cell 2", "for the camera", "proposed")


def test_a_curator_can_neither_add_nor_delete_entries(entry, curating):
    assert curating.get(f"{LIST}add/").status_code == 403
    curating.post(f"{LIST}{entry.pk}/delete/", {"post": "yes"})
    curating.post(LIST, {"action": "delete_selected", SELECTED: [entry.pk], "post": "yes"})
    entry.refresh_from_db()


def test_a_curator_of_two_teams_sees_both(entry, foreign, other_team, curator, curating):
    curator.memberships.create(team=other_team, role="curator")
    assert len(curating.get(LIST).context["cl"].result_list) == 2


def test_a_curator_of_one_team_is_no_curator_of_another(
    entry, foreign, other_team, curator, curating
):
    curator.memberships.create(team=other_team, role="researcher")
    assert len(curating.get(LIST).context["cl"].result_list) == 1


@pytest.mark.parametrize("role", ["researcher", "viewer"])
def test_lower_roles_cannot_open_the_admin(entry, team, sign_in, role):
    client = sign_in(make_user("low", team, role))
    assert client.get("/admin/", follow=True).status_code == 403
    assert client.get(f"{LIST}{entry.pk}/promote/", follow=True).status_code == 403
    client.post(f"{LIST}{entry.pk}/promote/", {"reason": "forged"})
    entry.refresh_from_db()
    assert entry.stage == "proposed"


def test_waiting_entries_come_first(team, researcher, entry, make_entry, curating):
    newer = make_entry(team, researcher, "newer", seed=3)
    curating.post(f"{LIST}{newer.pk}/promote/", {"reason": "good"})
    names = [e.name for e in curating.get(LIST).context["cl"].result_list]
    assert names == ["gate cell", "newer"]


def test_queries_do_not_grow_with_the_entries(
    team, researcher, entry, make_entry, curating, queries_of
):
    one = queries_of(lambda: curating.get(LIST))
    for seed in (2, 3):
        make_entry(team, researcher, f"cell {seed}", seed=seed)
    assert queries_of(lambda: curating.get(LIST)) == one
