"""One walk by keyboard only: sign in, launch, correct, open, compare, share."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.fixtures.factories import make_run, work_off
from tests.fixtures.people import PASSWORD
from webapp.runs.models import Run
from webapp.runs.services.advance import advance_run

pytestmark = pytest.mark.django_db(transaction=True)
MAX_STEPS = 250  # more than any page of this walk has controls
# Every element that gets the focus must show it: an outline of 2 px that is not transparent, and
# in sight once the page has scrolled to it.
WATCH = """() => {
  window.faults = [];
  const name = (e) => `${e.tagName} ${e.id || e.name || e.textContent.trim().slice(0, 30)}`;
  const note = (fault, element) => window.faults.push(`${fault}: ${name(element)}`);
  document.addEventListener("focusin", ({ target }) => {
    if (target.tabIndex < 0 || !target.matches(":focus-visible")) return;
    for (const fading of target.getAnimations()) fading.finish();
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(target);
    if (outlineStyle === "none" || parseFloat(outlineWidth) < 2) note("no outline", target);
    if (/rgba|[/]/.test(outlineColor)) note(`faint outline ${outlineColor}`, target);
  });
  document.addEventListener("keydown", ({ key, target }) => {
    if (key !== "Tab" || target === document.body) return;
    const box = target.getBoundingClientRect();
    if (box.bottom <= 0 || box.top >= innerHeight || box.width < 1) note("out of sight", target);
  }, { capture: true });
}"""


class Keyboard:
    """A person without a mouse on a page."""

    def __init__(self, page: Page):
        self.page = page
        page.emulate_media(reduced_motion="reduce")  # the page scrolls to the focus at once
        page.add_init_script(f"addEventListener('DOMContentLoaded', {WATCH})")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def go_to(self, place: Locator) -> None:
        """Press Tab until the focus is at a place; a page with a trap never gets there."""
        expect(place).to_be_visible()
        for _ in range(MAX_STEPS):
            if place.evaluate("e => e === document.activeElement"):
                assert self.page.evaluate("window.faults") == []
                return
            self.press("Tab")
        raise AssertionError(f"Tab does not lead to {place}")

    def write(self, place: Locator, text: str) -> None:
        """Replace the text of a field."""
        self.go_to(place)
        self.press("Control+a")
        self.page.keyboard.type(text)

    def choose(self, place: Locator, key: str = "Enter") -> None:
        """Press a button, a link or a box."""
        self.go_to(place)
        self.press(key)

    def walk_round(self) -> None:
        """Walk through the page and out at its end: nothing holds the focus."""
        for _ in range(MAX_STEPS):
            self.press("Tab")
            if self.page.evaluate("document.activeElement === document.body"):
                assert self.page.evaluate("window.faults") == []
                return
        raise AssertionError(f"no way out of {self.page.url}: {self.page.evaluate(FOCUS)}")


FOCUS = "document.activeElement.outerHTML.slice(0, 200)"


def launch_from_preset(keys: Keyboard) -> Run:
    """Launch the smallest preset; a wrong number is refused and corrected."""
    page = keys.page
    keys.press("n")
    page.wait_for_url("**/runs/new")
    keys.choose(page.get_by_test_id("preset-first-look"))
    page.wait_for_url("**preset=first-look")
    keys.write(page.locator("#field-candidates"), "-3")
    keys.choose(page.get_by_test_id("launch"))
    expect(page.get_by_test_id("error-summary")).to_be_focused()
    keys.choose(page.get_by_test_id("error-summary").get_by_role("link").first)
    expect(page.locator("#field-candidates")).to_be_focused()
    keys.write(page.locator("#field-candidates"), "4")
    keys.choose(page.get_by_test_id("launch"))
    page.wait_for_url(re.compile(r"/runs/\d+/$"))
    return Run.objects.latest("pk")


def look_at_the_run(keys: Keyboard, run: Run) -> None:
    """Move among tabs and rows, open a candidate and return."""
    page = keys.page
    keys.choose(page.get_by_role("link", name=run.name, exact=True))
    page.wait_for_url(f"**/runs/{run.pk}/")
    keys.walk_round()
    keys.go_to(page.locator("#tab-candidates"))
    keys.press("ArrowRight", "ArrowRight")
    expect(page.locator("#tabs [role=tab]:focus")).to_have_attribute("aria-selected", "true")
    keys.press("End")
    keys.press("Home")
    expect(page.locator("#tab-candidates")).to_be_focused()
    rows = page.locator("#candidate-table [data-open-candidate]")
    keys.go_to(rows.first)
    keys.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_test_id("drawer")).to_be_visible()
    expect(page.locator("#candidate-title")).to_be_focused()
    keys.press("Escape")
    expect(page.get_by_test_id("drawer")).to_be_hidden()
    expect(rows.nth(1)).to_be_focused()
    keys.choose(page.get_by_test_id("run-edit"))
    expect(page.locator("#edit-dialog")).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_test_id("run-edit")).to_be_focused()


def test_a_search_is_launched_compared_and_shared_by_keyboard_only(
    website, team, researcher, browser_page
):
    page, keys = browser_page, Keyboard(browser_page)
    first = make_run(team)
    page.goto(website.url)
    keys.write(page.get_by_label("Username"), "rosa")
    keys.write(page.get_by_label("Password", exact=True), PASSWORD)
    keys.press("Enter")
    page.get_by_test_id("account-menu").wait_for()
    keys.walk_round()
    second = launch_from_preset(keys)
    advance_run(second.pk)
    work_off(second)
    first.refresh_from_db()
    keys.press("g", "r")
    page.wait_for_url("**/runs/")
    keys.walk_round()
    look_at_the_run(keys, second)
    keys.press("g", "r")
    page.wait_for_url("**/runs/")
    for run in (first, second):
        keys.choose(page.get_by_test_id(f"run-{run.pk}").locator("[data-tick]"), "Space")
    keys.choose(page.get_by_test_id("compare-selected"))
    page.wait_for_url(re.compile(r"/compare\?runs="))
    expect(page.get_by_test_id("compare-fronts")).to_have_attribute(
        "data-points", re.compile(r"\d")
    )
    keys.walk_round()
    page.goto(f"{website.url}/runs/{second.pk}/")
    keys.choose(page.get_by_test_id("share"))
    keys.choose(page.get_by_test_id("share-make"))
    expect(page.get_by_test_id("share-link")).to_contain_text("/shared/psh_")
    keys.walk_round()
