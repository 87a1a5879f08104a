"""A passkey is added and used in a browser with a virtual authenticator."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.fixtures.people import PASSWORD, make_user
from tests.fixtures.site_visits import open_as, sign_out
from webapp.accounts.models import AuditEntry, Team, User


def with_authenticator(page: Page) -> None:
    """Give the page a device that confirms every question."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_is_added_signs_in_and_ends_with_the_account(website, browser) -> None:
    make_user("pia", Team.objects.create(name="Vision", slug="vision"))
    url = website.url.replace("127.0.0.1", "localhost")  # an address of numbers has no passkeys
    page: Page = browser.new_context().new_page()
    with_authenticator(page)
    open_as(page, f"{url}/account/", "pia")
    for password, message in (("wrong", "the password is wrong"), (PASSWORD, "passkey Laptop")):
        page.get_by_label("Name", exact=True).fill("Laptop")
        page.locator("#passkey-password").fill(password)
        page.get_by_test_id("add-passkey").click()
        expect(page.get_by_test_id("toast")).to_contain_text(message)
        if password == "wrong":
            # The device keeps a passkey that the workbench refused; a new one replaces it.
            expect(page.get_by_role("button", name="Remove Laptop")).to_have_count(0)
    sign_out(page)
    page.goto(f"{url}/sign-in/?next=/team/")
    page.get_by_test_id("passkey-sign-in").click()
    page.wait_for_url("**/team/")
    expect(page.get_by_test_id("account-menu")).to_be_visible()
    assert AuditEntry.objects.filter(text="added the passkey Laptop").exists()
    page.goto("about:blank")  # the open page would go to the sign-in by itself
    User.objects.filter(username="pia").update(is_active=False)
    page.goto(f"{url}/sign-in/")
    page.get_by_test_id("passkey-sign-in").click()
    expect(page.get_by_test_id("toast")).to_contain_text("deactivated")
    User.objects.filter(username="pia").update(is_active=True)
    page.get_by_test_id("passkey-sign-in").click()
    page.get_by_test_id("account-menu").wait_for()
    page.goto(f"{url}/account/")
    page.get_by_role("button", name="Remove Laptop").click()
    expect(page.get_by_test_id("toast")).to_contain_text("removed")
    sign_out(page)
    page.get_by_test_id("passkey-sign-in").click()
    expect(page.get_by_test_id("toast")).to_contain_text("not known here")
