"""The fleet page with two workers: one is drained and resumed, the other one killed.

The page of their run then shows what a training prints.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from nasengine import catalog
from tests.fixtures.people import make_user
from tests.fixtures.site_visits import sign_in
from webapp.events.models import Event
from webapp.runs.models import Candidate
from workers.output import FULL, MAX_LINES

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_MS = 120_000
EPOCHS = 12

# An estimator as a team would install it: `train`, which prints once it is asked to.
LOUD = """
from pathlib import Path
from nasengine.estimators.training.estimator import Train

class Loud(Train):
    name = "loud"

    def evaluate(self, evaluation):
        try:
            Path(__file__).with_name("print").unlink()
        except FileNotFoundError:
            return super().evaluate(evaluation)
        for step in range(1000):
            print(f"step {step}: loss <b>{1 / (1 + step):.3f}</b>")
        return super().evaluate(evaluation)
"""


@pytest.fixture
def asks_to_print(fleet, tmp_path, monkeypatch) -> Path:
    """Install the estimator `loud` here and in the fleet; it prints when this file is written."""
    (tmp_path / "loud_plugin.py").write_text(LOUD)
    info = tmp_path / "loud_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: loud-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[nasengine.estimators]\nloud = loud_plugin:Loud\n")
    asked = tmp_path / "print"
    fleet.env["PYTHONPATH"] = str(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    known = catalog._registered["estimators"]
    monkeypatch.setitem(known, "loud", importlib.import_module("loud_plugin").Loud)
    return asked


def printed_lines_reach_the_page(page: Page, address: str, asked: Path) -> None:
    """Printed lines come over the socket of the open page, as text, and bounded."""
    frames: list[str] = []

    def listen(socket) -> None:
        socket.on("framereceived", lambda frame: frames.append(str(frame)))

    page.on("websocket", listen)
    page.goto(address)
    expect(page.get_by_test_id("connection")).to_have_attribute("data-status", "live")
    page.locator("#tab-log").click()
    asked.write_text("")
    log = page.locator("[data-log]")
    expect(log).to_contain_text(FULL, timeout=PATIENCE_MS)
    expect(log).to_contain_text(f"step {MAX_LINES - 1}: loss <b>0.005</b>")
    assert any(f"step {MAX_LINES - 1}: loss" in frame for frame in frames)
    assert not any(f"step {MAX_LINES}: loss" in frame for frame in frames)
    assert log.locator("b").count() == 0
    lines = Event.objects.filter(kind="log", item__text__startswith="step ")
    assert lines.count() == MAX_LINES
    assert len(set(lines.values_list("item__number", flat=True))) == 1


def state_of(page: Page, worker: str, state: str) -> None:
    row = page.get_by_test_id(f"worker-{worker}")
    badge = row.locator("[data-state]")
    expect(badge).to_have_attribute("data-state", state, timeout=PATIENCE_MS)


def test_one_of_two_workers_is_drained_the_other_one_killed_and_prints_are_shown(
    fleet, team, browser_page, asks_to_print
):
    page = browser_page
    root = make_user("root", team, "viewer")
    root.is_superuser = True
    root.save()
    fleet.expect_losses()
    fleet.start_web()
    run = fleet.launch(EPOCHS, candidates=400, in_flight=4, estimator="loud")
    run.team_id = team.pk
    run.save(update_fields=["team"])
    sign_in(page, f"{fleet.url}/fleet/", "root")
    expect(page.get_by_test_id("no-worker")).to_contain_text("celery -A workers worker -Q cpu")
    page.evaluate("document.body.dataset.sameEver = 'yes'")
    fleet.start_coordinator()
    fleet.start_worker("first")
    fleet.start_worker("second")
    for name in ("first", "second"):
        state_of(page, name, "working")
        row = page.get_by_test_id(f"worker-{name}")
        expect(row).to_contain_text(f"of {EPOCHS}", timeout=PATIENCE_MS)
        expect(row.get_by_role("link")).to_have_attribute(
            "href", re.compile(rf"/runs/{run.pk}/candidates/\d+/")
        )
    assert page.locator("body").get_attribute("data-same-ever") == "yes"  # all of it came live

    page.get_by_test_id("drain-first").click()
    expect(page.get_by_text("first is drained: it finishes its work")).to_be_visible()
    state_of(page, "first", "drained")
    of_first = Candidate.objects.filter(slot__name="first")
    assert not of_first.exclude(state="done").exists()
    before, of_second = of_first.count(), Candidate.objects.filter(slot__name="second")
    goal = of_second.filter(state="done").count() + 2
    fleet.until(lambda: of_second.filter(state="done").count() >= goal)
    assert of_first.count() == before

    page.get_by_test_id("resume-first").click()
    state_of(page, "first", "working")
    fleet.until(lambda: of_first.count() > before)

    begun = of_second.filter(curve__0__isnull=False, curve__4__isnull=True, state="running")
    fleet.until(begun.exists)  # between two candidates it has none
    fleet.kill("second")
    (lost,) = of_second.filter(state="running")
    state_of(page, "second", "lost")
    again = of_first.filter(pk=lost.pk, state="done")
    fleet.until(again.exists)
    assert again.get().attempts == 2
    printed_lines_reach_the_page(page, f"{fleet.url}/runs/{run.pk}/", asks_to_print)
