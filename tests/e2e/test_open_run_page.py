"""A run page that stays open while its run goes on and ends."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.fixtures.factories import done, make_run, make_slot, take, work_off
from tests.fixtures.site_visits import open_as
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run

pytestmark = pytest.mark.django_db(transaction=True)


def evaluate(run, slot, count: int) -> None:
    """Finish the next candidates of a run."""
    for _ in range(count):
        claim = take(slot)
        claims.finish(claim, done(claim.number, 50.0 - claim.number, 1000.0 + claim.number))
        advance_run(run.pk)


def test_an_open_page_offers_new_candidates_and_is_complete_at_the_end(
    website, team, researcher, browser_page
):
    run, slot = make_run(team, candidates=30), make_slot()
    page = browser_page
    open_as(page, f"{website.url}/runs/{run.pk}/", "rosa")
    expect(page.get_by_test_id("run-state")).to_contain_text("Running")
    expect(page.get_by_test_id("candidate-count")).to_have_text("1 candidate")
    curves = page.get_by_test_id("curves")
    expect(curves.locator("[data-run-open]")).to_be_visible()

    evaluate(run, slot, 3)
    pill = page.get_by_test_id("new-pill")
    expect(pill).to_have_text("Show 3 new")
    # The row that was on screen has changed in place.
    expect(page.get_by_test_id("candidate-0")).to_contain_text("50.00")
    expect(page.get_by_test_id("candidate-count")).to_have_text("1 candidate")  # no row moved
    page.locator("#tab-events").click()
    expect(page.locator("#event-list")).to_contain_text("on the front")
    page.locator("#tab-candidates").click()
    expect(pill).to_be_visible()  # another part of the page was swapped meanwhile
    pill.click()
    expect(page.get_by_test_id("candidate-count")).to_have_text("4 candidates")
    expect(pill).to_be_hidden()

    evaluate(run, slot, 27)
    expect(page.get_by_test_id("run-state")).to_contain_text("Finished")
    expect(page.get_by_test_id("candidate-count")).to_have_text("30 candidates")
    expect(pill).to_be_hidden()
    expect(curves.locator("[data-run-ended]")).to_be_visible()  # without an epoch
    expect(curves.locator("[data-run-open]")).to_be_hidden()
    expect(page.get_by_test_id("front-size")).to_have_text("30")
    expect(page.get_by_test_id("best-value")).to_have_text("21.00")
    expect(page.get_by_test_id("run-pause")).to_have_count(0)
    facts = page.get_by_test_id("run-facts")
    expect(facts).to_contain_text(re.compile(r"30 of\s+30"))


FOLDED = ("pareto-card", "best-card", "hypervolume-card", "curves-card", "front-card")
HEIGHTS = "ids => ids.map((id) => document.getElementById(id).getBoundingClientRect().height)"


def test_panels_without_data_are_folded_while_a_supernet_trains(
    website, team, researcher, browser_page
):
    """The view of the method is shown, and each empty panel is a few lines."""
    settings = {"epochs": 2, "batch_size": 32, "compared": 1}
    run = make_run(team, strategy="darts", strategy_config=settings, candidates=9)
    page = browser_page
    open_as(page, f"{website.url}/runs/{run.pk}/", "rosa")
    expect(page.locator("#run")).to_have_attribute("data-supernet", "1")
    expect(page.locator("#tab-method")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#pareto-card .ps-plot")).to_be_hidden()
    expect(page.locator("#pareto-card .ps-plot-empty")).to_be_visible()
    heights = page.evaluate(HEIGHTS, FOLDED)
    assert max(heights) <= 200, dict(zip(FOLDED, heights, strict=True))
    method = page.locator("#panel-method").bounding_box()
    assert method["y"] + 100 < page.viewport_size["height"]

    ended = make_run(team, candidates=1)
    work_off(ended)
    page.goto(f"{website.url}/runs/{ended.pk}/")
    expect(page.locator("#pareto-card .ps-plot")).to_be_visible()
    assert page.evaluate(HEIGHTS, ["pareto-card"])[0] > 380
