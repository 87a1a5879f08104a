"""A token and the program that uses it are copied from the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.fixtures.site_visits import open_as

pytestmark = pytest.mark.django_db(transaction=True)


def test_token_and_program_are_copied(website, researcher, browser_page):
    page = browser_page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_as(page, f"{website.url}/account/tokens/", "rosa")
    page.get_by_label("Name").fill("nightly")
    page.get_by_label("Allows").select_option("write")
    page.get_by_test_id("issue-token").click()
    token = page.get_by_test_id("token").inner_text()
    line = f"export PARETOSCOPE_TOKEN={token}"
    for button, whole in (
        (page.locator("[data-copy=new-token]"), token),
        (page.locator("[data-copy=script-token]"), line),
        (page.locator("[data-copy=script-python]"), page.locator("#script-python").inner_text()),
    ):
        page.evaluate("navigator.clipboard.writeText('')")
        button.click()
        expect(page.get_by_role("button", name="Copied").first).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == whole
        expect(page.get_by_role("button", name="Copied")).to_have_count(0)
    assert "client.launch(" in copied
    assert token not in copied  # the program reads it from the environment
    compile(copied, "copied", "exec")
