"""The fleet page with two workers: one is drained and resumed, the other one killed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.fixtures.people import make_user
from tests.fixtures.site_visits import sign_in
from webapp.runs.models import Candidate

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_MS = 120_000
EPOCHS = 12


def state_of(page: Page, worker: str, state: str) -> None:
    row = page.get_by_test_id(f"worker-{worker}")
    badge = row.locator("[data-state]")
    expect(badge).to_have_attribute("data-state", state, timeout=PATIENCE_MS)


def test_one_of_two_workers_is_drained_and_the_other_one_killed(fleet, team, browser_page):
    page = browser_page
    root = make_user("root", team, "viewer")
    root.is_superuser = True
    root.save()
    fleet.expect_losses()
    fleet.start_web()
    run = fleet.launch(EPOCHS, candidates=400, in_flight=4)
    run.team_id = team.pk
    run.save(update_fields=["team"])
    sign_in(page, f"{fleet.url}/fleet/", "root")
    expect(page.get_by_test_id("no-worker")).to_contain_text("celery -A workers worker -Q cpu")
    page.evaluate("document.body.dataset.sameEver = 'yes'")
    fleet.start_coordinator()
    fleet.start_worker("first")
    fleet.start_worker("second")
    for name in ("first", "second"):
        state_of(page, name, "working")
        row = page.get_by_test_id(f"worker-{name}")
        expect(row).to_contain_text(f"of {EPOCHS}", timeout=PATIENCE_MS)
        expect(row.get_by_role("link")).to_have_attribute(
            "href", re.compile(rf"/runs/{run.pk}/candidates/\d+/")
        )
    assert page.locator("body").get_attribute("data-same-ever") == "yes"  # all of it came live

    page.get_by_test_id("drain-first").click()
    expect(page.get_by_text("first is drained: it finishes its work")).to_be_visible()
    state_of(page, "first", "drained")
    of_first = Candidate.objects.filter(slot__name="first")
    assert not of_first.exclude(state="done").exists()
    before, of_second = of_first.count(), Candidate.objects.filter(slot__name="second")
    goal = of_second.filter(state="done").count() + 2
    fleet.until(lambda: of_second.filter(state="done").count() >= goal)
    assert of_first.count() == before

    page.get_by_test_id("resume-first").click()
    state_of(page, "first", "working")
    fleet.until(lambda: of_first.count() > before)

    begun = of_second.filter(curve__0__isnull=False, curve__4__isnull=True, state="running")
    fleet.until(begun.exists)  # between two candidates it has none
    fleet.kill("second")
    (lost,) = of_second.filter(state="running")
    state_of(page, "second", "lost")
    again = of_first.filter(pk=lost.pk, state="done")
    fleet.until(again.exists)
    assert again.get().attempts == 2
