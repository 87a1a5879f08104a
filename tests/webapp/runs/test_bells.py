"""Bells: after commit, and never in the way."""

from __future__ import annotations

import time

import pytest
from django.db import transaction

from webapp.runs.services import bells

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch) -> list[tuple]:
    """What is rung, instead of ringing."""
    rung: list[tuple] = []
    monkeypatch.setattr(bells, "_quiet_until", 0.0)

    def send_task(task, args, queue, **options):
        rung.append((task, args, queue))

    monkeypatch.setattr(bells._sender, "send_task", send_task)
    return rung


def test_bells_ring_after_commit(sent):
    with transaction.atomic():
        bells.wake_coordinator(7)
        bells.wake_workers(["cpu", "gpu", "cpu"])
        assert sent == []
    assert sent == [
        ("workers.tasks.advance", (7,), "coordinator"),
        ("workers.tasks.evaluate", (), "cpu"),
        ("workers.tasks.evaluate", (), "gpu"),
    ]


def test_what_is_rolled_back_rings_nothing(sent):
    with pytest.raises(RuntimeError), transaction.atomic():
        bells.wake_coordinator(7)
        raise RuntimeError("no")
    assert sent == []


def test_a_dead_broker_is_no_failure_and_no_wait(monkeypatch):
    monkeypatch.setattr(bells, "_quiet_until", 0.0)
    monkeypatch.setattr(bells, "_sender", _sender_to("redis://127.0.0.1:1/0"))
    began = time.monotonic()
    for run_id in range(100):
        bells.wake_coordinator(run_id)
    assert time.monotonic() - began < 2.0
    assert bells._quiet_until > time.monotonic()


def _sender_to(url: str):
    from django.conf import settings  # the address is read when the sender is made

    before, settings.BROKER_URL = settings.BROKER_URL, url
    try:
        return bells._make_sender()
    finally:
        settings.BROKER_URL = before
