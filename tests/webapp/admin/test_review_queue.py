"""The first page of the admin: curators see what waits for a decision before they decide."""

from __future__ import annotations

import pytest

from webapp.architectures.models import CatalogueEntry

from ...fixtures.html_reader import read

pytestmark = pytest.mark.django_db
HOME = "/admin/"


@pytest.fixture
def entry(team, researcher, make_entry):
    return make_entry(team, researcher, "gate cell", proposal="fewest parameters below 6 %")


def test_the_queue_shows_drawing_position_and_measurements(entry, curator, sign_in):
    client = sign_in(curator)
    page = read(client.get(HOME))
    card = page.one(f"waiting-{entry.pk}")
    assert card.all("figure", data_graph=f"graph-{entry.pk}")
    assert card.one("position").text == "1 of 1 on the front of a run, by error"
    assert "error 5.00 %, params 2.50 M" in card.text
    assert "by rosa" in card.text
    addresses = [a.attributes["href"] for a in card.all("a")]
    moves = [address.rsplit("/", 2)[1] for address in addresses[1:]]
    assert moves == ["shortlist", "promote", "retire", "reject"]
    assert card.one("proposal").text == "fewest parameters below 6 %"
    for address in addresses:
        assert client.get(address).status_code == 200


def test_the_decision_itself_shows_the_same(entry, curator, sign_in):
    page = read(sign_in(curator).get(f"/admin/architectures/catalogueentry/{entry.pk}/promote/"))
    card = page.one(f"waiting-{entry.pk}")
    assert card.all("figure") and "on the front of a run" in card.text


def test_decided_and_foreign_entries_do_not_wait(
    entry, other_team, make_entry, curator, researcher, sign_in
):
    make_entry(other_team, None, "their cell", seed=9)
    page = read(sign_in(curator).get(HOME))
    assert "1 architecture waits for a decision" in page.one("review-queue").text
    CatalogueEntry.objects.filter(pk=entry.pk).update(stage="approved")
    page = read(sign_in(curator).get(HOME))
    assert "No architecture waits for a decision" in page.one("review-queue").text
    assert sign_in(researcher).get(HOME, follow=True).status_code == 403


def test_an_entry_off_the_front_and_one_without_a_run_say_so(entry, curator, sign_in):
    run = entry.candidate.run
    run.front = {**run.front, "numbers": [7, 8]}
    run.save(update_fields=["front"])
    client = sign_in(curator)
    position = read(client.get(HOME)).one("position").text
    assert position == "not on the front of a run, which has 2 members"
    run.delete()
    assert read(client.get(HOME)).one("position").text == "its run has been deleted"


def test_nobody_is_sent_to_a_page_of_users_that_owners_lack(client, owner, sign_in):
    """Owners add members by name or invite them; administrators edit accounts."""
    assert "Ask the owner of a team for an invitation" in read(client.get("/sign-in/")).text
    assert sign_in(owner).get("/admin/accounts/user/").status_code == 403
    assert sign_in(owner).get("/admin/accounts/membership/add/").status_code == 200
