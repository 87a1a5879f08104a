"""The catalogue in a browser: proposing, approval by a second person, a difference as a drawing."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.fixtures.factories import make_run, work_off
from tests.fixtures.people import make_user
from tests.fixtures.site_visits import open_as
from webapp.architectures.models import CatalogueEntry
from webapp.architectures.services.keeping import keep

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = "Fewest parameters of the front below 6 % error."


def test_a_cell_is_proposed_compared_and_approved_by_a_second_person(
    website, team, curator, browser, browser_page
):
    team.second_person = True
    team.save()
    make_user("cora", team, "curator")
    run = make_run(team, space="cell", candidates=2)
    work_off(run)
    first = run.candidates.get(number=0)
    keep(first, None, "the first cell")

    page = browser_page
    open_as(page, f"{website.url}/runs/{run.pk}/candidates/1/", "carl")
    page.get_by_label("Name in the catalogue").fill("the second cell")
    page.get_by_test_id("keep-proposal").fill(WORDS)
    page.get_by_test_id("keep").click()
    page.get_by_role("link", name="the second cell").click()
    expect(page.get_by_test_id("entry-proposal")).to_contain_text(WORDS)
    expect(page.get_by_test_id("decision")).to_contain_text("a second person approves")
    expect(page.get_by_test_id("move-promote")).to_have_count(0)
    expect(page.get_by_test_id("move-reject")).to_be_visible()

    page.get_by_test_id("compare-with").select_option(label="the first cell")
    expect(page.get_by_test_id("difference-sentence")).to_contain_text("of 16 edges differ")
    drawing = page.locator("#difference-graph-figure")
    for change in ("added", "removed"):
        expect(drawing.locator(f"path[data-change={change}]")).not_to_have_count(0)
    dashes = drawing.locator("path[data-change=removed]").first.get_attribute("stroke-dasharray")
    assert dashes == "6 5"
    drawing.locator("summary").click()
    expect(drawing.locator("li", has_text="only in the other").first).to_be_visible()

    entry = CatalogueEntry.objects.get(name="the second cell")
    context = browser.new_context()
    other = context.new_page()
    open_as(other, website.url, "cora")
    other.goto(f"{website.url}/admin/")
    card = other.get_by_test_id(f"waiting-{entry.pk}")
    expect(card.get_by_test_id("proposal")).to_contain_text(WORDS)
    card.get_by_role("link", name="the second cell").click()
    other.get_by_test_id("move-promote").click()
    expect(other.locator("[data-error=move]")).to_contain_text("A decision needs a reason")
    other.get_by_test_id("move-reason").fill("checked on the camera")
    other.get_by_test_id("move-promote").click()
    expect(other.get_by_test_id("entry-stage")).to_contain_text("Approved")
    other.get_by_test_id("alias").fill("champion")
    other.get_by_test_id("set-alias").click()
    expect(other.get_by_test_id("alias-champion")).to_be_visible()
    history = other.get_by_test_id("entry-history")
    expect(history).to_contain_text("Approved: checked on the camera")
    context.close()
    entry.refresh_from_db()
    assert (entry.stage, entry.decided_by.username) == ("approved", "cora")
