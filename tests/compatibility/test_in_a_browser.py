"""Run pages of a database of commit 813a27a in a real browser: scripts draw what was stored."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.fixtures.workbench import Workbench

from .samples import read_json

FACTS = read_json("database.json.gz")["runs"]
OF_VISION = {pk: run for pk, run in FACTS.items() if run["team"] == "vision"}
EVERY_STATE = next(pk for pk, run in OF_VISION.items() if "Every state" in run["name"])
# A run for each kind of a method's view.
BY_VIEW = {
    run["view_kind"]: pk for pk, run in OF_VISION.items() if run["view_kind"] and pk != EVERY_STATE
}


@pytest.fixture
def address(upgraded) -> Iterator[str]:
    """The address of a web server on the restored database."""
    with tempfile.TemporaryDirectory(prefix="paretoscope-bench-") as folder:
        bench = Workbench(Path(folder), upgraded)
        try:
            bench.open()
            yield bench.start_web()
        finally:
            bench.close()


def open_run(page: Page, address: str, pk: str) -> None:
    """Open a run's page and wait until its socket has connected."""
    page.goto(f"{address}/runs/{pk}/")
    expect(page.locator("#connection")).to_have_attribute("data-status", "live")
    expect(page.get_by_test_id("run-name")).to_have_text(FACTS[pk]["name"])


def test_every_view_of_a_method_and_every_state_of_a_candidate_is_drawn(address, browser_page):
    """A script that cannot read what is stored reports an error, which fails `browser_page`."""
    page = browser_page
    assert BY_VIEW.keys() == {
        "population", "climbs", "policy", "stages", "family", "sharing", "mutations",
    }  # fmt: skip
    page.goto(address)
    page.get_by_label("Username").fill("owner-of-vision")
    page.get_by_label("Password", exact=True).fill("the password of the samples")
    page.get_by_test_id("sign-in").click()
    page.get_by_test_id("account-menu").wait_for()
    for pk in BY_VIEW.values():
        open_run(page, address, pk)
        page.locator("#tab-method").click()
        expect(page.locator("[data-method]")).not_to_be_empty()
    open_run(page, address, EVERY_STATE)
    text = page.locator("#candidate-table").inner_text()
    states = {candidate["state"] for candidate in FACTS[EVERY_STATE]["candidates"]}
    assert {"done", "lost", "diverged", "running"} <= states
    assert [state for state in states - {"done"} if state not in text.lower()] == []
