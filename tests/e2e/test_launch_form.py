"""The launch form in a browser: settings that are loaded, names, Back, and its layout."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from ..fixtures.site_visits import open_as

pytestmark = pytest.mark.django_db(transaction=True)
PARTS = "**/runs/new/part/**"
POPULATION = "#field-strategy_config-population"
# Pairs of labels, controls and help texts of which the boxes overlap by more than rounding.
OVERLAPS = """() => {
  const selector = ".ps-help, .ps-field > label, .ps-field legend, .form-control, .form-select";
  const isShown = (e) => e.checkVisibility() && !e.closest(".visually-hidden");
  const cards = [...document.querySelectorAll("#launch .ps-card-body")];
  const box = (e) => e.getBoundingClientRect();
  const hits = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  const touch = (a, b) => !a.contains(b) && !b.contains(a) && hits(box(a), box(b));
  const text = (e) => e.textContent.trim().slice(0, 40) || e.name;
  return cards.flatMap((card) => {
    const all = [...card.querySelectorAll(selector)].filter(isShown);
    return all.flatMap((a, i) => all.slice(i + 1).filter((b) => touch(a, b))
      .map((b) => `${text(a)} | ${text(b)}`));
  });
}"""


@pytest.fixture
def form(website: Any, team: Any, researcher: Any, browser_page: Page) -> Page:
    """The empty launch form, for a researcher."""
    open_as(browser_page, f"{website.url}/runs/new", "rosa")
    return browser_page


def choose(page: Page, strategy: str) -> None:
    page.get_by_test_id("select-strategy").select_option(strategy)


def test_settings_that_are_about_to_go_take_no_typing_and_unfolded_ones_stay_so(form):
    page, settings = form, form.get_by_test_id("settings-strategy")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    choose(page, "regularised-evolution")
    expect(settings).to_have_attribute("data-chosen", "regularised-evolution")
    settings.locator("summary").click()
    page.route(PARTS, hold)
    choose(page, "random")
    expect(settings).to_have_js_property("inert", True)
    expect(settings).to_have_attribute("data-chosen", "regularised-evolution")
    while not held:  # the request is on its way
        page.wait_for_timeout(50)
    held.pop().continue_()
    expect(settings).to_have_attribute("data-chosen", "random")
    page.unroute(PARTS)
    choose(page, "regularised-evolution")
    expect(settings).to_have_attribute("data-chosen", "regularised-evolution")
    expect(settings).to_have_js_property("inert", False)
    expect(page.locator("#field-strategy_config-population")).to_be_visible()


def test_what_was_typed_comes_back_with_its_plugin(form):
    page, settings = form, form.get_by_test_id("settings-strategy")
    population = page.locator("#field-strategy_config-population")
    choose(page, "regularised-evolution")
    expect(settings).to_have_attribute("data-chosen", "regularised-evolution")
    settings.locator("summary").click()
    population.fill("77")
    choose(page, "nsga2")
    expect(settings).to_have_attribute("data-chosen", "nsga2")
    expect(population).not_to_have_value("77")
    settings.locator("summary").click()
    choose(page, "regularised-evolution")
    expect(settings).to_have_attribute("data-chosen", "regularised-evolution")
    expect(population).to_have_value("77")
    expect(population).to_be_hidden()  # folded by hand stays folded


def test_settings_may_be_typed_in_again_when_the_server_refuses(form):
    page, settings = form, form.get_by_test_id("settings-strategy")
    page.route(PARTS, lambda route: route.fulfill(status=503, body="later"))
    choose(page, "random")
    expect(page.get_by_text("The server answered 503")).to_be_visible()
    expect(settings).to_have_js_property("inert", False)
    page.console_errors.clear()  # the refusal itself


def test_a_name_follows_strategy_and_data_until_it_is_ones_own(form):
    page, name = form, form.get_by_test_id("field-name")
    expect(name).to_have_value("dpp-net on digits")
    choose(page, "nsga2")
    expect(name).to_have_value("nsga2 on digits")
    name.fill("mine")
    choose(page, "random")
    expect(page.get_by_test_id("settings-strategy")).to_have_attribute("data-chosen", "random")
    expect(name).to_have_value("mine")


def test_the_name_of_a_preset_follows_another_method(form):
    page, name = form, form.get_by_test_id("field-name")
    page.get_by_test_id("preset-first-look").click()
    expect(name).to_have_value("First look on digits")
    choose(page, "regularised-evolution")
    expect(name).to_have_value("regularised-evolution on digits")
    choose(page, "dpp-net")
    expect(name).to_have_value("dpp-net on digits")


def test_everything_typed_is_there_after_back_and_after_a_reload(form):
    page = form
    page.get_by_test_id("preset-first-look").click()
    candidates, population = page.locator("#field-candidates"), page.locator(POPULATION)
    expect(candidates).to_have_value("24")
    choose(page, "nsga2")
    expect(page.get_by_test_id("settings-strategy")).to_have_attribute("data-chosen", "nsga2")
    candidates.fill("77")
    page.get_by_test_id("settings-strategy").locator("summary").click()
    population.fill("8")
    page.locator("#field-constraints").fill("params<9e5")
    page.goto(page.url.partition("/runs")[0] + "/runs/")
    for act in (page.go_back, page.reload):
        act()
        expect(page.get_by_test_id("settings-strategy")).to_have_attribute("data-chosen", "nsga2")
        expect(candidates).to_have_value("77")
        expect(population).to_have_value("8")
        expect(page.locator("#field-constraints")).to_have_value("params<9e5")
    page.goto(page.url)
    expect(candidates).to_have_value("24")  # a new visit starts with the preset


def test_what_was_not_launched_is_offered_later_and_cleared_by_launching(form):
    page = form
    new, runs = page.url, page.url.removesuffix("new")
    candidates, draft = page.locator("#field-candidates"), page.get_by_test_id("draft")
    expect(draft).to_be_hidden()
    page.goto(runs)
    page.goto(new)
    expect(draft).to_be_hidden()  # nothing was typed
    choose(page, "nsga2")
    expect(page.get_by_test_id("settings-strategy")).to_have_attribute("data-chosen", "nsga2")
    page.get_by_test_id("settings-strategy").locator("summary").click()
    page.locator(POPULATION).fill("8")
    candidates.fill("3")
    page.goto(runs)
    page.goto(new)
    expect(draft).to_contain_text("You left this form just now without launching.")
    expect(candidates).to_have_value("50")
    page.get_by_test_id("draft-restore").click()
    expect(draft).to_be_hidden()
    expect(page.get_by_test_id("settings-strategy")).to_have_attribute("data-chosen", "nsga2")
    expect(page.locator(POPULATION)).to_have_value("8")
    candidates.fill("-3")
    page.get_by_test_id("launch").click()
    expect(page.get_by_test_id("error-summary")).to_be_visible()
    page.wait_for_load_state()  # the script of drafts has run
    page.goto(runs)
    page.goto(new)
    page.get_by_test_id("draft-restore").click()  # also what the server refused
    expect(candidates).to_have_value("-3")
    candidates.fill("3")
    page.get_by_test_id("launch").click()
    page.wait_for_url(re.compile(r"/runs/\d+/"))
    page.goto(new)
    expect(candidates).to_have_value("50")
    expect(draft).to_be_hidden()
    candidates.fill("9")
    page.get_by_test_id("tab-yaml").click()
    page.get_by_test_id("yaml-text").fill("name: typed as text")
    page.goto(runs)
    page.goto(new)
    page.get_by_test_id("draft-restore").click()
    expect(page.get_by_test_id("yaml-text")).to_have_value("name: typed as text")
    page.goto(runs)
    page.goto(new)
    page.get_by_test_id("draft-discard").click()
    page.goto(new)
    expect(draft).to_be_hidden()


@pytest.mark.parametrize(("width", "height"), [(1440, 844), (1440, 480), (390, 844)])
def test_no_text_of_the_form_touches_another_and_launch_is_on_screen(form, width, height):
    page = form
    page.set_viewport_size({"width": width, "height": height})
    for summary in page.locator("form details > summary").all():
        summary.click()
    overlaps = page.evaluate(OVERLAPS)
    assert overlaps == []
    expect(page.get_by_test_id("launch")).to_be_in_viewport()
    page.mouse.wheel(0, 3000)
    expect(page.get_by_test_id("launch")).to_be_in_viewport()
    if width > 390:  # the panel scrolls by itself, and its last field is above the button
        page.get_by_test_id("field-priority").focus()
        ends = "(e) => e.getBoundingClientRect().bottom"
        above = page.get_by_test_id("field-priority").evaluate(ends)
        assert above <= page.locator(".ps-launch-bar").bounding_box()["y"]


def test_a_preset_as_yaml_with_a_wrong_value_is_corrected_launched_and_cloned(form, tmp_path):
    page = form
    page.get_by_test_id("preset-nsga2").click()
    expect(page.get_by_test_id("preset-nsga2")).to_have_attribute("aria-current", "true")
    page.wait_for_load_state()  # its scripts, too
    expect(page.get_by_test_id("preset-changes")).to_contain_text("strategy population 10")
    page.locator("#field-candidates").fill("7")
    page.get_by_test_id("target-add").click()
    expect(page.locator("#target-help")).to_have_text("Choose a device first.")
    page.get_by_test_id("target-device").select_option("raspberry_pi_5")
    expect(page.get_by_test_id("target-memory")).to_have_value("8589")
    page.get_by_test_id("target-memory").fill("512")
    page.get_by_test_id("target-latency").fill("20")
    page.get_by_test_id("target-storage").fill("8")
    page.get_by_test_id("target-add").click()
    expect(page.locator("#field-constraints")).to_have_value(
        "latency@raspberry_pi_5<20, memory@raspberry_pi_5<512000000, params<2000000"
    )
    others = "latency@raspberry_pi_5, memory@raspberry_pi_5"
    expect(page.locator("#field-other-objectives")).to_have_value(others)
    page.get_by_test_id("tab-yaml").click()
    text = page.get_by_test_id("yaml-text")
    expect(text).to_have_value(re.compile("candidates: 7\n"))
    expect(page.locator("#field-candidates")).to_be_hidden()
    text.fill(text.input_value().replace("candidates: 7", "candidates: -7"))
    page.get_by_test_id("launch").click()
    expect(page.get_by_test_id("yaml-faults")).to_contain_text(
        re.compile(r"line \d+: candidates: ")
    )
    expect(text).to_have_value(re.compile("candidates: -7\n"))
    text.fill(text.input_value().replace("candidates: -7", "candidates: 6"))
    with page.expect_download() as saved:
        page.get_by_test_id("yaml-save").click()
    saved.value.save_as(tmp_path / "saved.yaml")
    text.fill("name: lost")
    page.get_by_test_id("yaml-file").set_input_files(tmp_path / "saved.yaml")
    expect(text).to_have_value(re.compile("candidates: 6\n"))
    page.get_by_test_id("tab-form").click()
    expect(page.locator("#field-candidates")).to_have_value("6")
    page.get_by_test_id("preset-name").fill("Small NSGA-II")
    page.get_by_test_id("preset-save").click()
    expect(page.get_by_test_id("own-preset")).to_contain_text("saved by rosa")
    expect(page.locator("#field-candidates")).to_have_value("6")
    page.get_by_test_id("launch").click()
    page.wait_for_url(re.compile(r"/runs/\d+/"))
    number = re.search(r"/runs/(\d+)/", page.url)[1]
    page.goto(page.url.partition("/runs/")[0] + f"/runs/new?clone={number}")
    expect(page.locator("#field-candidates")).to_have_value("6")
    expect(page.locator("#field-name")).to_have_value("NSGA-II on digits again")
