"""The list of runs in a browser: filter with and without an error, views, batch, archive, keys."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from ..fixtures.site_visits import open_as

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def runs(website: Any, researcher: Any, browser_page: Page) -> Page:
    call_command("seed_demo", runs=50, candidates=20, user="rosa", verbosity=0)
    researcher.memberships.exclude(team__slug="demonstration").delete()
    open_as(browser_page, website.url, "rosa")
    browser_page.goto(f"{website.url}/runs/")
    return browser_page


def test_runs_are_filtered_kept_as_a_view_tagged_archived_and_restored(runs: Page):
    page, field = runs, runs.get_by_test_id("filter-text")
    # A wrong word is marked; a suggestion of the keyboard corrects it.
    field.fill("state:runing")
    field.press("Enter")
    expect(page.locator("mark")).to_have_text("runing")
    field.fill("strategy:ns")
    expect(page.get_by_role("option", name="nsga2")).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value("strategy:nsga2 ")
    field.press("Enter")
    expect(page.locator(".ps-chips")).to_contain_text("strategy:nsga2")
    expect(page).to_have_url(re.compile("q=strategy%3Ansga2"))
    # The view has a short link that shows the same page.
    page.get_by_test_id("views-menu").locator("summary").click()
    page.get_by_test_id("view-name").fill("only nsga2")
    page.get_by_test_id("view-save").click()
    expect(page.get_by_test_id("views-menu").locator("summary")).to_contain_text("only nsga2")
    expect(page.locator(".ps-chips")).to_contain_text("strategy:nsga2")
    # A range of runs is tagged, archived, and restored from the archive.
    ticks = page.locator("tr[data-run] [data-tick]")
    ticks.nth(0).click()
    ticks.nth(2).click(modifiers=["Shift"])
    expect(page.locator("[data-batch-count]")).to_have_text("3 selected")
    page.get_by_test_id("batch-tag").fill("keep me")
    page.get_by_test_id("batch-tag").press("Enter")
    expect(page.locator(".ps-tag", has_text="keep me")).to_have_count(3)
    page.locator("tr[data-run] [data-tick]").nth(0).click()
    page.get_by_test_id("batch-archive").click()
    expect(page.locator(".ps-toast", has_text="1 run archived.")).to_be_visible()
    expect(page.locator(".ps-tag", has_text="keep me")).to_have_count(2)
    field.fill('archived tag:"keep me"')
    field.press("Enter")
    expect(page.locator("tr[data-run]")).to_have_count(1)
    page.locator("tr[data-run] [data-tick]").click()
    page.get_by_test_id("batch-restore").click()
    expect(page.get_by_text("No matching run")).to_be_visible()
    # Columns are chosen by keyboard, and the list remembers them.
    page.goto(page.url.split("?")[0])
    page.get_by_test_id("choose-columns").click()
    box = page.locator('#columns-dialog input[value="params"]')
    box.check()
    page.get_by_test_id("columns-save").click()
    expect(page.locator("th", has_text="params")).to_be_visible()
    show_groups(page)
    # The search opens over the page; arrow keys and Enter go to a hit.
    page.locator("h1").click()
    page.keyboard.press("/")
    with page.expect_response(re.compile(r"text=20(\+|%20)cand$")):
        page.keyboard.type("20 cand")
    expect(page.locator("#search-text")).not_to_have_class(re.compile("htmx-request"))
    expect(page.locator("[data-hit]").first).to_contain_text("20 candidates")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("run-name")).to_have_text("20 candidates")


def show_groups(page: Page) -> None:
    """Group by a setting and unfold the group in place; the address keeps the grouping."""
    field = page.locator("input[aria-label='Group by']")
    field.fill("settings chan")  # words of the group and of the label
    chosen = page.locator("#group-options [aria-selected=true]")
    expect(chosen).to_have_text("channelsSettings")
    field.press("Enter")
    expect(field).to_have_value("channels")
    group = page.locator('[data-testid^="group-row"]')
    expect(group).to_contain_text("channels 16")
    expect(page).to_have_url(re.compile("group=setting.channels"))
    group.locator("[data-unfold]").click()
    expect(page.locator("tr[data-of-study]").nth(20)).to_be_visible()
