"""Every page in both themes and widths: nothing sticks out or trips a screen reader."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from ..fixtures.browser import WAIT_MS
from ..fixtures.site_visits import full_team, open_as

# Colours do not depend on the width, so each theme is looked at in one.
LOOKS = (("light", 1440), ("dark", 390))
STICKS_OUT = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Plotly's own drawing is an image to readers; its parts are not judged.
OPTIONS = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "best-practice"]}


@pytest.fixture
def site(website, curator, browser):
    """The web server, and a browser signed in as the curator."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    open_as(page, website.url, "carl")
    yield page, website.url
    context.close()


@pytest.fixture
def visit(site, team, researcher, curator):
    """The site with a full team, and the addresses of its pages."""
    return *site, full_team(team, researcher, curator)


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


def test_a_page_works_by_keyboard(site):
    page, url = site
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


PARTS_OF_BAR = "#rail > ul > li:not(.ps-rail-rest) > a, #rail .ps-rail-more"
FOCUSED = "document.activeElement.textContent.trim()"


def reader_says(page, selector: str) -> dict[str, object]:
    """Return the properties of an element that the browser tells screen readers."""
    session = page.context.new_cdp_session(page)
    node = session.send("Runtime.evaluate", {"expression": f"document.querySelector('{selector}')"})
    tree = session.send(
        "Accessibility.getPartialAXTree",
        {"objectId": node["result"]["objectId"], "fetchRelatives": False},
    )
    properties = tree["nodes"][0].get("properties", [])
    return {found["name"]: found["value"].get("value") for found in properties}


def test_the_menu_of_a_phone_leads_to_every_page_by_keyboard(site):
    page, url = site
    page.goto(f"{url}/spaces/")
    every = page.locator("#rail li a").evaluate_all(
        "links => links.map((a) => a.textContent.trim())"
    )
    page.set_viewport_size({"width": 390, "height": 844})
    places = page.locator(PARTS_OF_BAR).evaluate_all(
        "parts => parts.map((p) => [p.textContent.trim(), p.scrollWidth - p.clientWidth,"
        " p.getBoundingClientRect().right])"
    )
    assert [name for name, *_ in places] == [*every[:4], "More"]
    assert all(over <= 0 and right <= 390 for _, over, right in places)
    more, sheet = page.get_by_test_id("rail-more"), page.locator("#rail-rest")
    expect(more).to_have_attribute("aria-current", "true")
    expect(sheet).to_be_hidden()
    assert reader_says(page, ".ps-rail-more")["expanded"] is False
    more.focus()
    page.keyboard.press("Enter")
    expect(sheet).to_be_visible()
    assert reader_says(page, ".ps-rail-more")["expanded"] is True
    assert faults_of(page) == []
    walked = []
    for _ in every[4:]:
        page.keyboard.press("Tab")
        walked.append(page.evaluate(FOCUSED))
    assert walked == every[4:]
    expect(page.locator("#rail-rest [aria-current=page]")).to_have_text("Spaces")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(more).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{url}/reports/")
    expect(sheet).to_be_hidden()
