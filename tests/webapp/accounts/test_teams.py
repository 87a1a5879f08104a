"""The current team: chosen, remembered, lost with the membership."""

from __future__ import annotations

import pytest

from tests.fixtures.factories import make_run
from tests.fixtures.html_reader import read
from tests.fixtures.people import make_user
from webapp.accounts.models import Membership, Team

pytestmark = pytest.mark.django_db


@pytest.fixture
def both(researcher, other_team):
    """Rosa, a researcher of Vision and a viewer of Speech."""
    Membership.objects.create(user=researcher, team=other_team, role="viewer")
    return researcher


def runs_shown(client) -> list[str]:
    page = read(client.get("/runs/"))
    return [cell.text for cell in page.all("td", data_cell="name")]


def switch(client, team, next_page: str = "/runs/"):
    return client.post("/team/switch", {"team": team.pk, "next": next_page})


def test_the_first_team_by_name_until_one_is_chosen(both, team, other_team, sign_in):
    make_run(team)
    client = sign_in(both)
    assert runs_shown(client) == []  # Speech comes before Vision
    assert switch(client, team).headers["Location"] == "/runs/"
    assert runs_shown(client) == ["a run"]
    assert b'data-testid="new-run"' in client.get("/runs/").content
    switch(client, other_team)
    assert b'data-testid="new-run"' not in client.get("/runs/").content
    assert client.get("/runs/new").status_code == 403


def test_the_account_menu_switches_to_the_other_teams(both, team, other_team, sign_in):
    client = sign_in(both)
    page = read(client.get("/runs/"))
    assert page.one("team-name").text == other_team.name
    (button,) = page.one("menu-teams").all("button")
    assert (button.attributes["value"], button.text) == (str(team.pk), f"Switch to {team.name}")
    Membership.objects.filter(user=both, team=team).delete()
    assert read(client.get("/runs/")).all(data_testid="menu-teams") == []


def test_a_user_who_leaves_a_team_works_in_another(both, team, sign_in):
    make_run(team)
    client = sign_in(both)
    switch(client, team)
    Membership.objects.filter(user=both, team=team).delete()
    assert runs_shown(client) == []
    Team.objects.all().delete()
    assert client.get("/runs/").status_code == 403


def test_a_team_without_membership_is_a_404(researcher, other_team, sign_in):
    client = sign_in(researcher)
    for team in (str(other_team.pk), "0", "-1", "x", "", "9" * 40, "٣"):
        assert client.post("/team/switch", {"team": team}).status_code == 404
    assert client.get("/team/switch").status_code == 405


@pytest.mark.parametrize(
    ("page", "back"),
    [
        ("/runs/", "/runs/"),
        ("/runs/new", "/runs/new"),
        ("/runs/7/", "/"),
        ("/architectures/3/", "/"),
        ("https://evil.test/", "/"),
        ("//evil.test/", "/"),
    ],
)
def test_switching_redirects_to_a_page_that_both_teams_have(both, team, sign_in, page, back):
    assert switch(sign_in(both), team, page).headers["Location"] == back


@pytest.mark.parametrize("page", ["/", "/runs/", "/runs/new", "/compare", "/architectures/"])
def test_a_user_without_a_team_sees_how_to_join_one(db, sign_in, page):
    answer = sign_in(make_user("nina")).get(page)
    assert answer.status_code == 403
    assert "Ask a team owner to add nina" in read(answer).one("no-team").text


def test_a_user_without_a_team_can_open_the_account_and_sign_out(db, sign_in):
    client = sign_in(make_user("nina"))
    assert client.get("/account/").status_code == 200
    assert client.post("/sign-out/").status_code == 302
