"""Every page in both themes and widths: nothing sticks out or trips a screen reader."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from ..fixtures.site_visits import full_team, open_as

# Colours do not depend on the width, so each theme is looked at in one.
LOOKS = (("light", 1440), ("dark", 390))
STICKS_OUT = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Plotly's own drawing is an image to readers; its parts are not judged.
OPTIONS = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "best-practice"]}


@pytest.fixture
def visit(website, team, researcher, curator, browser):
    """The web server with a full team, and a browser signed in as the curator."""
    addresses = full_team(team, researcher, curator)
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(20_000)
    open_as(page, website.url, "carl")
    yield page, website.url, addresses
    context.close()


def faults_of(page) -> list[str]:
    """Return the faults that axe-core finds, one line each."""
    found = Axe().run(page, options=OPTIONS).response["violations"]
    return [f"{v['id']} ({v['impact']}): {n['html'][:160]}" for v in found for n in v["nodes"]]


def test_every_page_is_accessible_and_nothing_sticks_out(visit):
    page, url, addresses = visit
    faults = {}
    for theme, width in LOOKS:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 844})
        for address in addresses:
            page.goto(url + address)
            expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
            found = faults_of(page)
            if (over := page.evaluate(STICKS_OUT)) > 0:
                found.append(f"{over} px stick out")
            if found:
                faults[theme, address] = found
    assert faults == {}


def test_the_sign_in_page_is_accessible(website, browser, db):
    page = browser.new_page()
    page.goto(website.url)
    assert faults_of(page) == []
    page.close()


def test_a_page_works_by_keyboard(visit):
    page, url, _ = visit
    page.goto(f"{url}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "ps-skip"
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url(f"{url}/runs/")
    page.keyboard.press("n")
    page.wait_for_url(f"{url}/runs/new")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()
