"""Wake-up messages: sent after commit; a dead broker neither fails nor delays the sender."""

from __future__ import annotations

import time

import pytest
from django.db import transaction

from webapp.common import messages
from webapp.runs.services import notifications

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch) -> list[tuple]:
    """Collects the messages instead of sending them."""
    collected: list[tuple] = []
    monkeypatch.setattr(messages, "_quiet_until", 0.0)
    monkeypatch.setattr(messages, "_waiting", lambda queue: 0)  # other tests leave messages

    def send_task(task, args, queue, **options):
        collected.append((task, args, queue))

    monkeypatch.setattr(messages.the_sender(), "send_task", send_task)
    return collected


@pytest.mark.trap(23)
def test_messages_are_sent_after_commit(sent):
    with transaction.atomic():
        notifications.wake_coordinator(7)
        notifications.wake_workers(["cpu", "gpu", "cpu"])
        assert sent == []
    assert sent == [
        ("workers.tasks.advance", (7,), "coordinator"),
        ("workers.tasks.evaluate", (), "cpu"),
        ("workers.tasks.evaluate", (), "gpu"),
    ]


def test_a_rollback_sends_nothing(sent):
    with pytest.raises(RuntimeError), transaction.atomic():
        notifications.wake_coordinator(7)
        raise RuntimeError("no")
    assert sent == []


def test_after_one_failure_a_dead_broker_is_left_alone_for_a_moment(monkeypatch):
    sender = _sender_to("redis://127.0.0.1:1/0")
    attempts = []

    def send_task(*args, **options):
        attempts.append(args)
        return type(sender).send_task(sender, *args, **options)

    monkeypatch.setattr(messages, "_quiet_until", 0.0)
    monkeypatch.setattr(messages, "_sender", sender)
    monkeypatch.setattr(sender, "send_task", send_task)
    for run_id in range(100):
        notifications.wake_coordinator(run_id)
    assert attempts == [("workers.tasks.advance",)]
    assert messages._quiet_until > time.monotonic()


def _sender_to(url: str):
    from django.conf import settings  # the address is read when the sender is made

    before, settings.BROKER_URL = settings.BROKER_URL, url
    try:
        return messages._make_sender()
    finally:
        settings.BROKER_URL = before
