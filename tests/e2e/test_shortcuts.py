"""Keyboard shortcuts on every page and their list, and the side menu, which stays visible."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ..fixtures.factories import make_run
from ..fixtures.site_visits import open_as

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(
    website: Any, team: Any, researcher: Any, browser_page: Page
) -> tuple[Page, str, list[str]]:
    run = make_run(team)
    open_as(browser_page, website.url, "rosa")
    paths = ["/", "/runs/", f"/runs/{run.pk}/", "/studies/", "/studies/new", "/runs/new",
             "/architectures/", "/datasets/tables/", "/account/", "/compare"]  # fmt: skip
    return browser_page, website.url, paths


def test_a_slash_searches_and_the_list_of_shortcuts_opens_on_every_page(site):
    page, url, paths = site
    for path in paths:
        page.goto(url + path)
        page.keyboard.press("?")
        expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#shortcuts")).to_be_hidden()
        page.keyboard.press("/")
        expect(page.locator("[data-search]")).to_be_focused()


def test_a_ticked_box_does_not_swallow_shortcuts_and_a_text_field_does(site):
    page, url, _ = site
    page.goto(f"{url}/runs/")
    page.locator("[data-tick]").first.check()
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url(re.compile("/studies/$"))
    page.goto(f"{url}/runs/")
    page.locator("#filter-text").fill("n?")
    expect(page.locator("#shortcuts")).to_be_hidden()
    expect(page).to_have_url(re.compile("/runs/"))


def test_the_side_menu_stays_visible_at_the_end_of_a_long_page(site):
    page, url, _ = site
    page.goto(url + "/runs/new")
    height = page.viewport_size["height"]
    assert page.evaluate("document.documentElement.scrollHeight") > 2 * height
    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
    page.wait_for_function("window.scrollY > innerHeight / 2")
    box = page.locator(".ps-rail").bounding_box()
    # Scroll positions may be parts of a pixel.
    assert (box["y"], box["height"]) == (pytest.approx(0, abs=1), height)
    page.get_by_test_id("rail-runs").click()
    page.wait_for_url(url + "/runs/")
