"""A team with something on every page, and the addresses to visit."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.fixtures.people import PASSWORD
from tests.webapp.making import make_run, make_table, work_off
from tests.webapp.studies.asking import small_plan, tell
from webapp.architectures.services import keep, promote
from webapp.start.built_in import store_built_in
from webapp.studies.services.launching import launch_study

LONG = (
    "A name that a person in a hurry pasted from somewhere else, with_underscores_and_no_end " * 2
)


def full_team(team: Any, researcher: Any, curator: Any) -> list[str]:
    """Two ended runs, one that waits, two entries, a table, a study; where each is shown."""
    store_built_in()
    first, second = make_run(team, candidates=6), make_run(team, candidates=4, seed=9)
    work_off(first)
    work_off(second)
    study = launch_study(team, researcher, LONG[:119], small_plan(), LONG)
    tell(study.runs.order_by("pk")[0], [5, 4, 3, 2], [100, 200, 300, 400])
    make_run(team, seed=3)
    first.name = LONG[:120]
    first.save(update_fields=["name"])
    best = first.candidates.get(number=2)
    best.run = first
    entry = keep(best, researcher, LONG[:120])
    other = second.candidates.get(number=1)
    promote(keep(other, researcher), curator, "small and good")
    table = make_table(team, "made-for-visitors-who-look-at-every-page", user=researcher)
    return [
        "/",
        "/runs/",
        "/runs/new",
        f"/runs/{first.pk}/",
        f"/runs/{first.pk}/candidates/2/",
        f"/compare?runs={first.pk},{second.pk}",
        "/architectures/",
        f"/architectures/{entry.pk}/",
        "/datasets/tables/",
        "/datasets/tables/new",
        f"/datasets/tables/{table.pk}/",
        "/studies/",
        "/studies/new",
        f"/studies/{study.pk}/",
        "/account/",
        "/nothing-here",
    ]


def sign_in(page: Page, url: str, name: str) -> None:
    """Fills in the sign-in page that `url` leads to."""
    page.goto(url)
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_test_id("sign-in").click()
    page.get_by_test_id("account-menu").wait_for()
