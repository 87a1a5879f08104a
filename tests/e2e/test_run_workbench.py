"""One walk through the plots of a run: third axis, lasso, pointing, replay."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from nasengine.core.measurement import Measurement
from nasengine.core.outcome import Outcome
from tests.fixtures.factories import make_run, make_slot, take
from tests.fixtures.site_visits import open_as
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run

pytestmark = pytest.mark.django_db(transaction=True)
# error, params of the candidates.
VALUES = [
    *((40, 1000), (30, 2000), (45, 3000), (35, 2500)),
    *((20, 4000), (50, 5000), (28, 2600), (60, 900)),
]
LASSO_IS_READY = "document.querySelector('#pareto-card .ps-plot')._fullLayout.dragmode === 'lasso'"
POINTS = "#pareto-card .scatterlayer .points path"


def measure(run) -> None:
    """Let one worker measure every candidate of the run."""
    slot = make_slot()
    for error, params in VALUES:
        claim = take(slot)
        values = {"error": error, "params": params, "macs": error * params}
        measured = tuple(Measurement(name, float(value), "") for name, value in values.items())
        claims.report(claim, {"epoch": 1, "epochs": 1, "valid_error": float(error)})
        claims.finish(claim, Outcome(claim.number, "done", measured, epochs=1))
        advance_run(run.pk)


def draw_around(page, left: float, top: float, right: float, bottom: float) -> None:
    """Draw a lasso around a part of the plot, given in shares of its width and height."""
    box = page.locator("#pareto-card .nsewdrag").bounding_box()
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top + 0.01)]
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def steer_the_search(page, url, team) -> None:
    """Drag the target on the front of a running search; the server takes it up."""
    run = make_run(team, strategy="nsga2", candidates=50, in_flight=1)
    measure(run)
    page.goto(f"{url}/runs/{run.pk}/")
    expect(page.locator("#pareto-card")).to_have_attribute("data-points", str(len(VALUES)))
    page.get_by_test_id("steer-toggle").click()
    form = page.get_by_test_id("steering-form")
    error, params = (form.locator(f'[data-goal="{name}"]') for name in ("error", "params"))
    expect(error).to_have_value("")
    box = page.locator("#pareto-card .nsewdrag").bounding_box()
    place = [box[key] + share * box[side] for key, side, share in
             (("x", "width", 0.3), ("y", "height", 0.4))]  # fmt: skip
    page.mouse.move(*place)
    page.mouse.down()
    page.mouse.move(place[0] + 40, place[1] + 30, steps=4)
    page.mouse.up()
    expect(error).to_have_value(re.compile(r"^\d"))
    expect(page.locator("#pareto-card .scatterlayer .trace").last).to_be_attached()
    error.fill("many")
    page.get_by_test_id("steer-set").click()
    expect(form.get_by_role("alert")).to_contain_text("error")
    expect(params).to_have_value(re.compile(r"^\d"))
    error.fill("25")
    page.get_by_test_id("steer-set").click()
    expect(page.get_by_test_id("steering-state")).to_have_text("Counts from the next proposal on.")
    run.refresh_from_db()
    assert run.steering[-1]["target"]["error"] == 25
    assert 900 < run.steering[-1]["target"]["params"] < 5000


def test_a_walk_through_the_plots_of_a_run(website, team, researcher, browser_page):
    objectives = ("error", "params", "macs")
    run = make_run(team, objectives=objectives, candidates=len(VALUES), in_flight=1)
    measure(run)
    page, card = browser_page, browser_page.locator("#pareto-card")
    open_as(page, f"{website.url}/runs/{run.pk}/", "rosa")
    expect(card).to_have_attribute("data-points", str(len(VALUES)))
    count = page.get_by_test_id("candidate-count")
    use_the_pareto_plot(page, count)
    replay_the_front(page)
    use_the_choices(page, count)
    read_timeline_and_log(page)
    steer_the_search(page, website.url, team)


def use_the_pareto_plot(page, count) -> None:
    """Lasso, pointing and the third axis."""

    page.get_by_test_id("lasso").click()
    page.wait_for_function(LASSO_IS_READY)
    draw_around(page, 0.02, 0.02, 0.35, 0.98)
    expect(page.get_by_test_id("lasso-chip")).to_contain_text("in the lasso over params and error")
    expect(count).to_have_text(re.compile("[1-7] candidates"))
    inside = count.inner_text()
    assert "lasso=params%7Cerror%7Cnn" in page.url
    page.reload()
    page.get_by_test_id("account-menu").wait_for()
    expect(count).to_have_text(inside)
    page.locator("#lasso-clear").click()
    expect(count).to_have_text(f"{len(VALUES)} candidates")

    row = page.get_by_test_id("candidate-4")
    row.hover()
    ring = page.locator("#pareto-card .scatterlayer .trace").last.locator("path.point")
    expect(ring).to_have_count(1)
    page.locator("#front-card tr[data-open='4']").first.hover()
    expect(row).to_have_class(re.compile("ps-pointed"))

    page.get_by_test_id("axis-z").select_option("macs")
    expect(page.get_by_test_id("colour-key")).to_contain_text("best 40.0 k")
    page.locator("#cube").check()
    expect(page.locator("#cube-angles")).to_be_visible()
    turned = page.locator(POINTS).first.get_attribute("transform")
    page.locator("#cube-turn").fill("130")
    expect(page.locator(POINTS).first).not_to_have_attribute("transform", turned)
    assert "z=macs" in page.url and "cube=1" in page.url
    page.get_by_test_id("axis-z").select_option("")


def replay_the_front(page) -> None:
    """Move to an earlier moment and back."""
    page.get_by_test_id("replay-toggle").click()
    replay = page.get_by_test_id("replay")
    replay.locator("input").fill("2")
    expect(replay).to_contain_text(
        "After 2 of 8 candidates, the last was #1: 2 on the front, hypervolume"
    )
    expect(page.locator("#pareto-card")).to_have_attribute("data-points", "2")
    page.get_by_test_id("replay-toggle").click()
    expect(page.locator("#pareto-card")).to_have_attribute("data-points", str(len(VALUES)))


def use_the_choices(page, count) -> None:
    """Brush an axis by its number fields, move and scale axes."""
    page.locator("#tab-choices").click()
    choices = page.get_by_test_id("choices")
    expect(choices).to_contain_text("Fills with 30 measured candidates; there are 8.")
    expect(choices).to_contain_text("How often each operation was chosen.")
    choices.get_by_text("Axes: order, scale and ranges").click()
    choices.get_by_label("error (%) from").fill("30")
    choices.get_by_label("error (%) from").blur()
    page.locator("#tab-candidates").click()
    expect(count).to_have_text("6 candidates")
    page.locator("#tab-choices").click()
    choices.get_by_label(re.compile("^Logarithmic params")).check()
    choices.get_by_label("Move right: error").click()
    expect(choices.locator("tbody tr").first).to_contain_text("params")
    # The scatter matrix has the first seven shown axes in their order: 21 pairs and a diagonal.
    choices.get_by_text("Scatter matrix", exact=True).click()
    matrix = choices.locator("[data-matrix]")
    expect(matrix.locator("canvas")).to_have_attribute("data-plots", "28")
    with page.expect_download() as saved:
        matrix.get_by_role("button", name="SVG").click()
    drawn = saved.value.path().read_text()
    assert drawn.count("<circle") == 21 * len(VALUES)
    assert 0 < drawn.index(">params<") < drawn.index(">macs")


def read_timeline_and_log(page) -> None:
    """Open the other tabs."""
    page.locator("#tab-timeline").click()
    timeline = page.get_by_test_id("timeline")
    expect(timeline.locator("[data-timeline]")).to_have_attribute("data-bars", re.compile("[1-8]"))
    expect(timeline.get_by_role("row", name=re.compile("^slot 8"))).to_be_visible()

    page.locator("#tab-log").click()
    expect(page.locator("[data-log]")).to_contain_text("launched by")
    page.get_by_test_id("log-number").fill("999")
    page.get_by_test_id("log-number").blur()
    expect(page.locator("[data-log-empty]")).to_contain_text("No line matches")

    page.locator("#tab-settings").click()
    expect(page.get_by_test_id("repeat-command")).to_contain_text("--seed 7")
    expect(page.get_by_test_id("reproducing")).to_contain_text("numpy==")
