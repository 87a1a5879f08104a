"""A study in a browser: ticked, launched, and ranked while its runs move."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.fixtures.factories import make_table, table_text
from webapp.runs.models import Study

from ..fixtures.site_visits import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_study_from_a_table_to_its_ranking(workshop, team, researcher, browser_page):
    table = make_table(team, text=table_text())
    page = browser_page
    sign_in(page, f"{workshop.url}/datasets/tables/{table.pk}/", "rosa")
    page.get_by_test_id("study-methods").click()
    page.wait_for_url(re.compile("/studies/new"))  # and for its scripts
    fill(page)
    correct_as_yaml(page)
    page.get_by_test_id("launch").click()
    page.wait_for_url(re.compile(r"/studies/\d+/$"))
    study = Study.objects.get()
    assert sorted(set(study.runs.values_list("strategy", flat=True))) == [
        "local-search",
        "nsga2",
        "random",
    ]
    progress = page.get_by_test_id("study-progress")
    expect(progress).to_contain_text("0 of 6 runs finished")
    workshop.start_coordinator()
    expect(progress).to_contain_text("6 of 6 runs finished", timeout=120_000)  # without a reload
    expect(page.get_by_test_id("study-curves")).to_have_attribute("data-methods", "3")
    expect(page.get_by_test_id("rank-random")).to_contain_text("2 of 2")
    expect(page.get_by_test_id("study-stop")).to_have_count(0)
    page.locator("#study-measure").select_option("best")
    page.wait_for_url(re.compile(r"y=best"))


def correct_as_yaml(page: Page) -> None:
    """Go through the text with a wrong value; the form gets the right one, saved as preset."""
    page.get_by_test_id("tab-yaml").click()
    text = page.get_by_test_id("yaml-text")
    expect(text).to_have_value(re.compile("seeds: 2\n"))
    expect(page.locator("#field-seeds")).to_be_hidden()
    text.fill(text.input_value().replace("seeds: 2", "seeds: none"))
    page.get_by_test_id("launch").click()
    expect(page.get_by_test_id("yaml-faults")).to_contain_text(re.compile(r"line \d+: seeds: "))
    text.fill(text.input_value().replace("seeds: none", "seeds: 2"))
    page.get_by_test_id("tab-form").click()
    expect(page.locator("#field-seeds")).to_have_value("2")
    page.get_by_test_id("presets").get_by_text(
        "Start from a preset"
    ).click()  # folded: data are chosen
    page.get_by_test_id("preset-name").fill("Our comparison")
    page.get_by_test_id("preset-save").click()
    expect(page.get_by_test_id("own-preset")).to_have_attribute("aria-current", "true")
    expect(page.locator("#method-dpp-net")).not_to_be_checked()
    expect(page.locator("#field-candidates")).to_have_value("60")


def fill(page: Page) -> None:
    """Methods, seeds and budget; an unfit space is reported, and another one chosen."""
    page.get_by_test_id("select-space").select_option("topology")
    expect(page.get_by_test_id("method-monas")).to_contain_text("does not have")
    expect(page.locator("#method-local-search")).to_be_disabled()
    page.locator("#method-dpp-net").uncheck()
    page.get_by_test_id("select-space").select_option("nb201")
    page.locator("#method-local-search").check()
    expect(page.get_by_test_id("method-monas")).not_to_contain_text("does not have")
    expect(page.locator("#method-local-search")).to_be_checked()
    page.get_by_test_id("field-name").fill("In a browser")
    page.locator("#field-seeds").fill("2")
    page.locator("#field-candidates").fill("60")
    expect(page.get_by_test_id("expected-cost")).to_contain_text("360 candidates")
