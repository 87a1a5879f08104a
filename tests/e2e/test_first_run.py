"""The first day of a team, in a real browser over real processes.

A researcher signs in, launches a search, watches it move, keeps a candidate, stops and
compares; a curator approves what was kept. Any console error fails the test.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.fixtures.factories import make_run
from tests.fixtures.site_visits import sign_in, sign_out
from webapp.architectures.models import CatalogueEntry
from webapp.runs.models import Candidate, Run
from webapp.start.built_in import store_built_in

POINT = "#pareto-card .scatterlayer .points path"
# For pictures the search is as long as a user's; for the test it is short.
PICTURES = os.environ.get("PARETOSCOPE_PICTURES", "")
POINTS = 40 if PICTURES else 4
REASON = "best error of its size on digits"


@pytest.fixture
def other(team: Any, transactional_db: None) -> Run:
    """A small random search of the same team, to compare with."""
    return make_run(team, advance=False, candidates=2, estimator_config={"epochs": 1})


@pytest.fixture
def site(workshop: Any, other: Run) -> Any:
    """Web server, coordinator and worker; the rows every team starts with."""
    store_built_in()
    workshop.start_coordinator()
    workshop.start_worker()
    return workshop


def fill_form(page: Page) -> None:
    """A search of small, quick networks; the population is wrong at first."""
    page.get_by_test_id("rail-runs").click()
    page.get_by_test_id("new-run").click()
    page.get_by_test_id("select-strategy").select_option("regularised-evolution")
    settings = page.get_by_test_id("settings-strategy")
    expect(settings).to_have_attribute("data-chosen", "regularised-evolution")
    for part in ("space", "strategy", "estimator", "dataset"):
        page.get_by_test_id(f"settings-{part}").locator("summary").click()
    page.get_by_test_id("field-name").fill("Small cells for the gate camera")
    population = page.locator("#field-strategy_config-population")
    population.fill("-3")
    if not PICTURES:
        page.locator("#field-space_config-cells").fill("3")
        page.locator("#field-estimator_config-epochs").fill("2")
        page.locator("#field-dataset_config-limit").fill("600")
    page.locator("#field-candidates").fill("200")
    page.locator("#field-seed").fill("11")


def correct_form(page: Page) -> None:
    """The wrong value has its message beside it, and nothing that was typed is lost."""
    page.get_by_test_id("launch").click()
    message = page.locator('[data-error="strategy_config.population"]')
    expect(message).to_contain_text("-3")
    population = page.locator("#field-strategy_config-population")
    expect(population).to_have_value("-3")
    expect(page.get_by_test_id("field-name")).to_have_value("Small cells for the gate camera")
    expect(page.locator("#field-seed")).to_have_value("11")
    assert not Run.objects.filter(name__startswith="Small cells").exists()
    population.fill("6")
    page.get_by_test_id("settings-strategy").locator("summary").click()
    page.locator("#field-strategy_config-sample").fill("2")


def launch(page: Page) -> Run:
    page.get_by_test_id("launch").click()
    page.wait_for_url(re.compile(r"/runs/\d+/$"))
    expect(page.get_by_test_id("run-name")).to_have_text("Small cells for the gate camera")
    run = Run.objects.get(name="Small cells for the gate camera")
    assert page.url.endswith(f"/runs/{run.pk}/")
    assert Run.objects.filter(name=run.name).count() == 1
    return run


def watch(page: Page) -> None:
    """Points arrive on the plot of one and the same page."""
    page.evaluate("document.body.dataset.sameEver = 'yes'")
    expect(page.get_by_test_id("connection")).to_have_attribute("data-status", "live")
    wait_points(page, 1)
    first = int(page.locator("#pareto-card").get_attribute("data-points"))
    wait_points(page, first + POINTS)
    assert page.locator("body").get_attribute("data-same-ever") == "yes"
    assert page.locator(POINT).count() > first
    expect(page.get_by_test_id("best-value")).to_contain_text(re.compile(r"\d"))
    expect(page.get_by_test_id("hypervolume-value")).to_contain_text(re.compile(r"0\.\d"))
    expect(page.locator("#curves-card .scatterlayer .trace").first).to_be_attached()
    expect(page.get_by_test_id("best-architecture").locator("svg path").first).to_be_attached()


def wait_points(page: Page, count: int) -> None:
    numbers = "|".join(str(n) for n in range(count, count + 60))
    expect(page.locator("#pareto-card")).to_have_attribute(
        "data-points", re.compile(f"^({numbers})$"), timeout=120_000 if not PICTURES else 400_000
    )


def picture(page: Page, name: str) -> None:
    """Saves the page for the README when PARETOSCOPE_PICTURES names a folder."""
    if PICTURES:
        page.mouse.move(0, 0)
        page.evaluate("window.scrollTo(0, 0)")
        page.screenshot(path=Path(PICTURES) / f"{name}.png", animations="disabled")


def read_candidate(page: Page, run: Run) -> Candidate:
    """Clicks a point and finds in the drawer what the database holds."""
    detail = page.get_by_test_id("candidate-detail")
    for _ in range(20):  # the plot may be drawn again under the pointer
        page.locator(POINT).last.click(force=True)
        with contextlib.suppress(AssertionError):
            expect(detail).to_be_visible(timeout=5_000)
            break
    expect(detail).to_be_visible()
    candidate = run.candidates.get(number=int(detail.get_attribute("data-candidate")))
    expect(page.get_by_test_id("architecture-text")).to_contain_text("normal")
    expect(detail.locator("svg").first).to_be_visible()
    rows = page.get_by_test_id("measurements").locator("tbody > tr")
    expect(rows).to_have_count(candidate.measurements.count())
    shown = {rows.nth(n).get_attribute("data-objective") for n in range(rows.count())}
    assert shown == set(candidate.measurements.values_list("objective", flat=True))
    for measurement in candidate.measurements.all():
        value = detail.locator(f'[data-objective="{measurement.objective}"] td').first
        full = value.locator("[title]").first.get_attribute("title")
        assert f"{measurement.value:.6g}"[:4] in full.replace(",", ""), (measurement.value, full)
    return candidate


def keep(page: Page, candidate: Candidate) -> CatalogueEntry:
    page.get_by_test_id("candidate-detail").get_by_test_id("keep").click()
    expect(page.get_by_test_id("kept")).to_be_visible()
    entry = CatalogueEntry.objects.get()
    assert (entry.candidate_id, entry.stage) == (candidate.pk, "proposed")
    page.get_by_test_id("drawer-close").click()
    return entry


def stop(page: Page, run: Run) -> None:
    page.get_by_test_id("run-stop").click()
    page.get_by_test_id("confirm-stop").click()
    expect(page.get_by_test_id("run-state")).to_contain_text("Stopped")
    run.refresh_from_db()
    assert (run.state, run.candidates.filter(state="running").exists()) == ("stopped", False)
    measured = run.candidates.filter(state="done").count()
    expect(page.locator("#pareto-card")).to_have_attribute("data-points", str(measured))
    expect(page.locator("#run")).to_have_attribute("data-seq", str(run.seq))


def compare(page: Page, run: Run, other: Run) -> None:
    page.get_by_test_id("rail-runs").click()
    for chosen in (run, other):
        page.get_by_test_id(f"run-{chosen.pk}").locator("input[type=checkbox]").check()
    page.get_by_test_id("compare-selected").click()
    page.wait_for_url(re.compile(r"/compare\?runs="))
    fronts = page.get_by_test_id("compare-fronts")
    expect(fronts.locator(".scatterlayer .trace").nth(1)).to_be_attached()
    settings = page.get_by_test_id("compare-settings")
    expect(settings).to_contain_text("regularised-evolution")
    expect(settings).to_contain_text("random")


def approve(page: Page, url: str, entry: CatalogueEntry) -> None:
    """The curator finds the entry in the admin, gives a reason and promotes it."""
    page.goto(f"{url}/admin/architectures/catalogueentry/")
    page.get_by_role("link", name=entry.name).first.click()
    page.get_by_test_id("promote").click()
    page.get_by_test_id("promote-confirm").click()
    expect(page.locator("[data-error=reason]")).to_be_visible()
    page.get_by_label("Reason").fill(REASON)
    page.get_by_test_id("promote-confirm").click()
    expect(page.get_by_test_id("promote-confirm")).to_have_count(0)
    entry.refresh_from_db()
    assert (entry.stage, entry.reason, entry.decided_by.username) == ("approved", REASON, "carl")


def test_the_first_day_of_a_team(site, other, researcher, curator, browser_page):
    page = browser_page
    sign_in(page, site.url, "rosa")
    fill_form(page)
    correct_form(page)
    run = launch(page)
    watch(page)
    picture(page, "run")
    entry = keep(page, read_candidate(page, run))
    stop(page, run)
    site.wait_ended(other)
    compare(page, run, other)
    refused = page.request.get(f"{site.url}/admin/architectures/catalogueentry/{entry.pk}/change/")
    assert refused.status == 403
    sign_out(page)

    sign_in(page, site.url, "carl")
    approve(page, site.url, entry)
    page.goto(f"{site.url}/architectures/{entry.pk}/")
    expect(page.locator("main")).to_contain_text("Approved")
    expect(page.locator("main")).to_contain_text(REASON)
