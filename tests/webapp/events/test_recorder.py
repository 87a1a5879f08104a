"""Events: numbered without gaps, cleaned, announced once per commit, recorded in one place."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from django.db import connection, transaction

from webapp.events import recorder
from webapp.events.models import Event
from webapp.events.recorder import record
from webapp.runs.services.locking import locked_run
from webapp.runs.services.record import record_log

from ...fixtures.factories import make_run

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def notified(monkeypatch) -> list[int]:
    """Collects the runs that are notified instead of notifying."""
    runs: list[int] = []
    monkeypatch.setattr(recorder, "notify", runs.append)
    return runs


def numbers(run) -> list[int]:
    return list(Event.objects.filter(run=run).order_by("seq").values_list("seq", flat=True))


def test_an_event_needs_the_transaction_of_its_change():
    run = make_run(advance=False)
    with pytest.raises(RuntimeError, match="transaction of its change"):
        record(run, "log", {})


def test_numbers_have_no_gaps_when_two_threads_record():
    run = make_run(advance=False)
    before = len(numbers(run))
    start = threading.Barrier(2)

    def write(name):
        start.wait()
        for i in range(50):
            with locked_run(run.pk) as locked:
                record_log(locked, "info", f"{name} {i}")
        connection.close()

    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.refresh_from_db()
    assert numbers(run) == list(range(1, before + 101))
    assert run.seq == before + 100
    times = list(Event.objects.filter(run=run).order_by("seq").values_list("at", flat=True))
    assert times == sorted(times)


def test_a_rollback_leaves_no_gap(notified):
    run = make_run(advance=False)
    notified.clear()
    with pytest.raises(ZeroDivisionError), locked_run(run.pk) as locked:
        record_log(locked, "info", "never")
        raise ZeroDivisionError
    with locked_run(run.pk) as locked:
        record_log(locked, "info", "ever")
    assert numbers(run) == [1, 2, 3]
    assert notified == [run.pk]


def test_a_commit_notifies_once(notified):
    run = make_run(advance=False)
    notified.clear()
    with transaction.atomic():
        for i in range(500):
            record(run, "log", {"level": "info", "text": str(i), "number": None})
        assert notified == []
    assert notified == [run.pk]
    with transaction.atomic():
        record(run, "log", {"level": "info", "text": "another", "number": None})
    assert notified == [run.pk, run.pk]


def test_values_that_the_database_refuses_are_replaced():
    run = make_run(advance=False)
    with locked_run(run.pk) as locked:
        record_log(locked, "warning", "a\x00b \ud83d end")
        record(
            locked, "method", {"kind": "x", "view": {"loss": float("nan"), "k\x00": [float("inf")]}}
        )
    line, view = Event.objects.filter(run=run).order_by("-seq")[:2][::-1]
    assert line.item["text"] == "a\ufffdb ? end"
    assert view.item["view"] == {"loss": None, "k\ufffd": [None]}


def test_a_newer_curve_replaces_the_older_event():
    run = make_run(advance=False)
    with transaction.atomic():
        first = record(run, "progress", {"number": 0, "curve": [1]})
        second = record(run, "progress", {"number": 0, "curve": [1, 2]}, replaces=first.seq)
    assert list(Event.objects.filter(run=run, kind="progress")) == [second]


def test_a_dead_broker_fails_no_commit(settings):
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["redis://127.0.0.1:1/0"]},
        }
    }
    recorder._notifications.quiet_until = 0.0
    run = make_run(advance=False)
    assert numbers(run) == [1, 2]
    recorder._notifications.quiet_until = 0.0


def test_only_the_recorder_inserts_events_or_notifies():
    inserting = re.compile(r"\bEvent\.objects\.(bulk_)?create|(?<![.\w])Event\(")
    notifying = re.compile(r"send_to_group\(")

    def found(pattern):
        return [
            str(path.relative_to(ROOT))
            for folder in ("webapp", "workers", "nasengine")
            for path in sorted((ROOT / folder).rglob("*.py"))
            if pattern.search(re.sub(r"class Event\(.*", "", path.read_text()))
        ]

    assert found(inserting) == ["webapp/events/recorder.py"]
    # Changes of access, of the fleet and of notices are no events of a run: pages look again.
    sender = "webapp/common/channel_groups.py"
    callers = ["webapp/accounts/access_changes.py", "webapp/events/recorder.py"]
    callers += ["webapp/notices/services/dispatch.py", "webapp/runs/services/fleet_news.py"]
    callers += ["webapp/comments/services.py"]
    assert found(notifying) == sorted([*callers, sender])
