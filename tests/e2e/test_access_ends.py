"""Access that ends while a run page is open."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.fixtures.factories import make_run
from tests.fixtures.site_visits import open_as

pytestmark = pytest.mark.django_db(transaction=True)


def test_signing_out_in_one_tab_closes_the_run_page_in_another(website, team, researcher, browser):
    run = make_run(team, candidates=30)
    context = browser.new_context()
    page, other = context.new_page(), context.new_page()
    open_as(page, f"{website.url}/runs/{run.pk}/", "rosa")
    expect(page.get_by_test_id("run-state")).to_contain_text("Running")
    page.locator("[data-status=live]").wait_for(state="attached")
    other.goto(f"{website.url}/account/")
    other.get_by_test_id("account-menu").click()
    other.get_by_test_id("sign-out").click()
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    assert page.url.endswith(f"/sign-in/?next=/runs/{run.pk}/")
    context.close()
