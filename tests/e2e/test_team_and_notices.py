"""An invitation is accepted, a role changed, and a notice received, each in a browser."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.fixtures.factories import make_run, work_off
from tests.fixtures.people import make_user
from tests.fixtures.site_visits import open_as
from webapp.accounts.models import Membership, Team, User
from webapp.notices.services.dispatch import dispatch_all
from webapp.runs.models import Run

STRONG = "a long and strange sentence"


def test_a_person_is_invited_gets_a_role_and_is_notified(website, browser) -> None:
    team = Team.objects.create(name="Vision", slug="vision")
    make_user("olga", team, "owner")
    owner: Page = browser.new_context().new_page()
    open_as(owner, f"{website.url}/team/", "olga")
    owner.get_by_test_id("field-note").fill("Ines")
    owner.get_by_test_id("invite").click()
    link = owner.get_by_test_id("invitation-link").inner_text()

    guest: Page = browser.new_context().new_page()
    guest.goto(link)
    guest.get_by_label("Username").fill("ines")
    guest.get_by_label("Password", exact=True).fill(STRONG)
    guest.get_by_label("Password confirmation").fill(STRONG)
    guest.get_by_test_id("join").click()
    expect(guest.get_by_test_id("toast")).to_contain_text("Welcome to Vision")

    owner.goto(f"{website.url}/team/")
    owner.get_by_label("Role of ines").select_option("curator")
    expect(owner.get_by_test_id("toast")).to_contain_text("ines is now curator")
    assert Membership.objects.get(user__username="ines").role == "curator"

    with guest.expect_response("**/notices/unread.json"):  # what comes later is new to the page
        guest.goto(f"{website.url}/notices/")
    expect(guest.get_by_test_id("notices-page")).to_contain_text("No notices yet")
    run = make_run(team, candidates=1)
    Run.objects.filter(pk=run.pk).update(created_by=User.objects.get(username="ines"))
    run.refresh_from_db()
    work_off(run)
    dispatch_all()
    expect(guest.locator("[data-notices-count]")).to_have_text("1")
    expect(guest.get_by_test_id("toast")).to_contain_text("finished after 1 candidates")
    guest.get_by_test_id("notices-menu").locator("summary").click()
    guest.locator(".ps-notices-line").click()
    guest.wait_for_url(f"**/runs/{run.pk}/")
    _comments_are_live(owner, guest, run, website.url)


def _comments_are_live(owner: Page, guest: Page, run: Run, url: str) -> None:
    """The owner mentions the guest, whose open page shows it, as the owner's shows the answer."""
    guest.get_by_role("tab", name="Comments").click()
    owner.goto(f"{url}/runs/{run.pk}/?tab=comments")
    owner.get_by_test_id("comment-text-new").fill("**Stalls**, ")
    owner.get_by_role("button", name="@ines").click()
    owner.get_by_test_id("add-comment").click()
    expect(guest.get_by_test_id("comment")).to_contain_text("Stalls, @ines")
    dispatch_all()
    expect(guest.locator("[data-notices-count]")).to_have_text("2")
    guest.goto(f"{url}/notices/")
    guest.get_by_role("link", name="olga mentioned you").last.click()
    expect(guest.get_by_test_id("comment")).to_be_focused()
    guest.get_by_test_id("reply").click()
    guest.get_by_label("Reply").fill("A larger population?")
    guest.get_by_test_id("send-reply").click()
    expect(owner.get_by_test_id("comment")).to_have_count(2)
    owner.get_by_test_id("edit-comment").click()
    owner.locator("details[open] textarea").fill("")
    owner.get_by_test_id("save-comment").click()
    expect(owner.get_by_test_id("comments")).to_contain_text("Write a text first.")
    owner.locator("details[open] textarea").fill("Solved")
    owner.get_by_test_id("save-comment").click()
    expect(guest.get_by_test_id("comments")).to_contain_text("Solved")
