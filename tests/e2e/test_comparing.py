"""Twenty runs in two groups: compared, saved, shared with a visitor, and written about."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.fixtures.compared import twenty_runs
from tests.fixtures.site_visits import open_as
from webapp.sharing.models import SavedComparison

pytestmark = pytest.mark.django_db(transaction=True)


def test_twenty_runs_in_two_groups(website, team, researcher, browser, browser_page, tmp_path):
    runs = twenty_runs(team)
    page = browser_page
    keys = ",".join(str(run.pk) for run in runs)
    open_as(page, f"{website.url}/compare?runs={keys}", "rosa")
    page.get_by_test_id("compare-by").select_option("method")
    page.wait_for_url("**by=method**")
    pairs = page.get_by_test_id("compare-pairs")
    expect(pairs).to_contain_text(
        "regularised-evolution is better than random in hypervolume (10 seeds each, p < 0.001"
    )
    expect(page.get_by_test_id("compare-fronts")).to_have_attribute("data-points", "20")
    ranges = zoom_into(page.get_by_test_id("compare-fronts"))
    traces = page.locator("#fronts-card .scatterlayer .trace")
    shown = traces.count()
    page.get_by_role("button", name="Show random in the plots").click()
    page.wait_for_url("**hide=0**")
    expect(traces).not_to_have_count(shown)
    assert ranges_of(page.get_by_test_id("compare-fronts")) == ranges
    page.get_by_test_id("base-1").click()
    page.wait_for_url("**base=1**")
    page.get_by_test_id("operations-toggle").locator("summary").click()
    expect(page.get_by_test_id("compare-operations")).to_contain_text("Share of the edges")
    for name, run in (("first", runs[0]), ("second", runs[1])):
        page.get_by_test_id(f"difference-{name}").select_option(f"{run.pk}:{run.best}")
    expect(page.get_by_test_id("difference-sentence")).to_contain_text("edges differ")
    page.get_by_test_id("save-name").fill("Ten seeds")
    page.get_by_test_id("save-comparison").click()
    expect(page.get_by_text("Saved: http")).to_be_visible()
    assert "base=1" in page.url and "hide=0" in page.url  # the short link leads to the same view
    page.goto(f"{website.url}/reports/")
    page.get_by_role("link", name="Share").click()
    page.get_by_test_id("share-make").click()
    link = page.get_by_test_id("share-link").inner_text()
    visit(browser, link)
    write_report(page, website.url, tmp_path)


def ranges_of(card) -> list[float]:
    code = "(p) => [...p.layout.xaxis.range, ...p.layout.yaxis.range].map((v) => v.toFixed(4))"
    return card.locator(".ps-plot").evaluate(code)


def zoom_into(card) -> list[float]:
    """Drag over the middle of a plot; return the ranges of both axes."""
    before = ranges_of(card)
    card.scroll_into_view_if_needed()
    box = card.locator(".nsewdrag").first.bounding_box()
    mouse = card.page.mouse
    mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    mouse.down()
    mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.7 * box["height"], steps=4)
    mouse.up()
    assert ranges_of(card) != before
    return ranges_of(card)


def visit(browser, link: str) -> None:
    """A visitor without an account sees the plots and nothing to go on to."""
    context = browser.new_context()
    visitor = context.new_page()
    visitor.goto(link)
    expect(visitor.get_by_test_id("shared-title")).to_have_text("Ten seeds")
    expect(visitor.get_by_test_id("compare-fronts")).to_have_attribute("data-points", "20")
    expect(visitor.get_by_test_id("compare-pairs")).to_contain_text("is better than random")
    assert visitor.locator("main a[href]").count() == 0
    context.close()


def write_report(page, url: str, tmp_path) -> None:
    """The preview shows the block; the export opens without a server."""
    key = SavedComparison.objects.get().key
    page.goto(f"{url}/reports/new")
    page.get_by_label("Title").fill("Week 48")
    page.get_by_label("Text").fill(f"## Found\n\n[[comparison {key}]]")
    expect(page.get_by_test_id("report-body")).to_contain_text("is better than random")
    page.get_by_test_id("report-save").click()
    look_at_plots(page)
    with page.expect_download() as download:
        page.get_by_test_id("report-export").click()
    text = download.value.path().read_text()
    assert text.count("<svg") >= 2 and "is better than random" in text
    assert "https:" not in text and "http:" not in text and len(text) < 200_000
    file = tmp_path / "report.html"
    file.write_text(text)
    page.context.set_offline(True)
    page.goto(file.as_uri())
    look_at_plots(page)
    page.context.set_offline(False)


def look_at_plots(page) -> None:
    """Values are read by keyboard and pointer, groups hidden, and a part enlarged."""
    figure = page.locator('[data-report-plot^="fronts-"]')
    plot, said = figure.get_by_role("application"), figure.locator(".ps-plot-said")
    dots = plot.locator("g circle")
    expect(dots).to_have_count(20)
    plot.press("ArrowRight")
    expect(said).to_contain_text("error")
    figure.get_by_role("button", name="random").click()
    expect(dots).to_have_count(10)
    figure.get_by_role("button", name="random").click()
    before = plot.locator("text").all_inner_texts()
    plot.press("+")
    assert plot.locator("text").all_inner_texts() != before
    figure.get_by_role("button", name="Whole plot").click()
    assert plot.locator("text").all_inner_texts() == before
    dots.first.hover()
    expect(said).to_contain_text("error")
