"""Every page in both themes and widths: nothing sticks out or trips a screen reader."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import resolve
from playwright.sync_api import expect

from ..fixtures.addresses import PAGES
from ..fixtures.browser import WAIT_MS
from ..fixtures.site_visits import full_team, open_as

WIDTHS = (1440, 390)
STICKS_OUT = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Plotly's own drawing is an image to readers; its parts are not judged.
QUICK = {"resultTypes": ["violations"], "preload": False}  # no rule of ours fetches style sheets
OPTIONS = {**QUICK, "runOnly": ["wcag2a", "wcag2aa", "best-practice"]}
CONTRAST = {**QUICK, "runOnly": {"type": "rule", "values": ["color-contrast"]}}
# A theme may fade in: axe must see its last colours.
FINISH_FADING = """() => document.getAnimations().forEach((animation) => {
  if (animation.effect.getComputedTiming().endTime < Infinity) animation.finish();
})"""


@pytest.fixture
def site(website, owner, browser):
    """The web server, and a browser signed in as an owner, who may open every page."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    open_as(page, website.url, "olga")
    yield page, website.url
    context.close()


@pytest.fixture
def visit(site, team, researcher, curator):
    """The site with a full team, and the addresses of its pages."""
    return *site, full_team(team, researcher, curator)


def faults_of(page, options=OPTIONS) -> list[str]:
    """Return the faults that axe-core finds, one line each."""
    page.evaluate(FINISH_FADING)
    if page.evaluate("window.axe !== undefined"):
        found = page.evaluate("(options) => axe.run(document, options)", options)
    else:
        found = Axe().run(page, options=options).response
    return [
        f"{v['id']} ({v['impact']}): {n['html'][:160]}"
        for v in found["violations"]
        for n in v["nodes"]
    ]


def faults_in_every_look(page) -> dict[tuple[int, str], list[str]]:
    """Return the faults of the open page in both themes and widths; it is loaded only once.

    A theme changes colours only, so that the second theme of a width is judged by its contrast.
    """
    faults = {}
    theme = "light"
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        found = faults_of(page)
        if (over := page.evaluate(STICKS_OUT)) > 0:
            found.append(f"{over} px stick out")
        faults[width, theme] = found
        theme = "dark" if theme == "light" else "light"
        page.emulate_media(color_scheme=theme)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
        faults[width, theme] = faults_of(page, CONTRAST)
    return {look: found for look, found in faults.items() if found}


@pytest.mark.parametrize("half", [0, 1])  # each takes most of a minute
def test_every_page_is_accessible_and_nothing_sticks_out(visit, half):
    page, url, addresses = visit
    assert {resolve(urlsplit(a).path).route for a in addresses[:-1]} >= set(PAGES)
    faults, errors = {}, []
    page.on("console", lambda m: errors.append((page.url, m.text)) if m.type == "error" else None)
    page.on("pageerror", lambda error: errors.append((page.url, str(error))))
    for address in addresses[half::2]:
        page.goto(url + address)
        if found := faults_in_every_look(page):
            faults[address] = found
    assert faults == {}
    missing = addresses[-1]  # its own 404 is an error to the console
    assert [error for error in errors if not error[0].endswith(missing)] == []


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
