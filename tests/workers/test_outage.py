"""An open page survives 20 s without Valkey and a restart of the web server."""

from __future__ import annotations

import time

from webapp.events.recorder import record
from webapp.runs.services.locking import locked_run
from webapp.runs.snapshot import snapshot

from ..fixtures.factories import make_member
from ..fixtures.fleet import each_once
from ..fixtures.open_page import OpenPage
from ..fixtures.run_life import as_json
from ..fixtures.scripts_page import MOVE

OUTAGE_SECONDS = 20


def test_the_run_continues_and_the_page_ends_equal_to_the_database(fleet, scripts):
    url = fleet.start_web()
    fleet.start_coordinator()
    fleet.start_worker()
    run = fleet.launch(10, candidates=16, in_flight=2)
    page = OpenPage(run, make_member(run.team), url)
    page.start()
    fleet.wait_training(run)
    fleet.until(lambda: page.frames.get("events", 0) > 3)

    fleet.stop_valkey()
    began, told, seen = time.monotonic(), run.candidates.filter(told=True).count(), page.seq
    fleet.until(lambda: run.candidates.filter(told=True).count() > told)
    fleet.until(lambda: page.seq > seen)
    assert page.losses == 0, "a dead broker costs no socket"
    fleet.end("web")
    fleet.start_web()
    time.sleep(max(0.0, began + OUTAGE_SECONDS - time.monotonic()))
    fleet.start_valkey()

    fleet.wait_ended(run)
    each_once(run, 16)
    assert set(run.candidates.values_list("attempts", flat=True)) == {1}
    _burst(run)
    run.refresh_from_db()
    fleet.until(lambda: page.seq == run.seq)
    page.close()
    assert page.losses > 0, "the restarted web server cost one"
    assert scripts.call("reducer.js", MOVE, page.first, page.events) == as_json(snapshot(run))


def _burst(run) -> None:
    """Record 500 events at once: the channel layer drops many of them, the table none."""
    for part in range(5):
        with locked_run(run.pk) as locked:
            for i in range(100):
                item = {"level": "info", "text": f"burst {part}.{i}", "number": None}
                record(locked, "log", item)
