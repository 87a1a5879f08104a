"""The launch form while another plugin's settings are on their way."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from ..fixtures.site_visits import sign_in

pytestmark = pytest.mark.django_db(transaction=True)
PARTS = "**/runs/new/part/**"


@pytest.fixture
def form(fleet: Any, team: Any, researcher: Any, browser_page: Page) -> Page:
    """The empty launch form, for a researcher."""
    fleet.start_web()
    sign_in(browser_page, f"{fleet.url}/runs/new", "rosa")
    return browser_page


def choose(page: Page, strategy: str) -> None:
    page.get_by_test_id("select-strategy").select_option(strategy)


def test_settings_that_are_about_to_go_take_no_typing_and_unfolded_ones_stay_so(form):
    page, settings = form, form.get_by_test_id("settings-strategy")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    choose(page, "regularised-evolution")
    expect(settings).to_have_attribute("data-chosen", "regularised-evolution")
    settings.locator("summary").click()
    page.route(PARTS, hold)
    choose(page, "random")
    expect(settings).to_have_js_property("inert", True)
    expect(settings).to_have_attribute("data-chosen", "regularised-evolution")
    held.pop().continue_()
    expect(settings).to_have_attribute("data-chosen", "random")
    page.unroute(PARTS)
    choose(page, "regularised-evolution")
    expect(settings).to_have_attribute("data-chosen", "regularised-evolution")
    expect(settings).to_have_js_property("inert", False)
    expect(page.locator("#field-strategy_config-population")).to_be_visible()


def test_what_was_typed_comes_back_with_its_plugin(form):
    page, settings = form, form.get_by_test_id("settings-strategy")
    population = page.locator("#field-strategy_config-population")
    choose(page, "regularised-evolution")
    expect(settings).to_have_attribute("data-chosen", "regularised-evolution")
    settings.locator("summary").click()
    population.fill("77")
    choose(page, "nsga2")
    expect(settings).to_have_attribute("data-chosen", "nsga2")
    expect(population).not_to_have_value("77")
    settings.locator("summary").click()
    choose(page, "regularised-evolution")
    expect(settings).to_have_attribute("data-chosen", "regularised-evolution")
    expect(population).to_have_value("77")
    expect(population).to_be_hidden()  # folded by hand stays folded


def test_settings_may_be_typed_in_again_when_the_server_refuses(form):
    page, settings = form, form.get_by_test_id("settings-strategy")
    page.route(PARTS, lambda route: route.fulfill(status=503, body="later"))
    choose(page, "random")
    expect(page.get_by_text("The server answered 503")).to_be_visible()
    expect(settings).to_have_js_property("inert", False)
    page.console_errors.clear()  # the refusal itself


def test_a_name_follows_strategy_and_data_until_it_is_ones_own(form):
    page, name = form, form.get_by_test_id("field-name")
    expect(name).to_have_value("dpp-net on digits")
    choose(page, "nsga2")
    expect(name).to_have_value("nsga2 on digits")
    name.fill("mine")
    choose(page, "random")
    expect(page.get_by_test_id("settings-strategy")).to_have_attribute("data-chosen", "random")
    expect(name).to_have_value("mine")
