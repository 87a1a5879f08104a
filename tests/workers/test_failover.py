"""Two addresses of the broker: the second takes over when the first stops."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import redis
from kombu import Connection, Consumer, Producer, Queue
from kombu.common import ignore_errors
from kombu.message import Message

from webapp.start.servers import EmbeddedValkey
from workers.celery import app

from ..fixtures.fleet import each_once, results


@pytest.fixture
def second(fleet):
    """The second broker, whose address every process of the fleet knows."""
    valkey = EmbeddedValkey(fleet.folder / "second")
    url = valkey.start()
    fleet.env["BROKER_URL"] = f"{fleet.env['BROKER_URL']};{url}"
    fleet.env["IDLE_SECONDS"] = "30"  # so that messages, not searches of idle workers, find work
    try:
        yield url
    finally:
        valkey.stop()


def test_the_second_broker_takes_over_and_every_candidate_ends_once(fleet, second):
    fleet.start_coordinator()
    fleet.start_worker()
    run = fleet.launch(epochs=3, candidates=12)
    fleet.until(run.candidates.filter(state="done").exists)
    with redis.Redis.from_url(second) as client:
        assert "cmdstat_lpush" not in client.info("commandstats")
        fleet.stop_valkey()
        assert run.candidates.filter(state="done").count() < 12
        fleet.wait_ended(run)
        assert client.info("commandstats")["cmdstat_lpush"]["calls"] > 0
    each_once(run, 12)
    assert len(results(run)) == 12
    assert "Traceback" not in fleet.log("worker")


def test_a_connection_with_unacknowledged_messages_closes_after_its_broker_has_stopped(
    tmp_path: Path,
):
    broker = EmbeddedValkey(tmp_path)
    connection = app.connection_for_read(broker.start())
    try:
        received = [_receive(connection, name) for name in ("coordinator", "cpu")]
    finally:
        broker.stop()
    # Celery's consumer closes a lost connection in these two steps.
    try:
        connection.collect(socket_timeout=2.0)
    except Exception as error:
        assert isinstance(error, connection.connection_errors)
    ignore_errors(connection, connection.close)
    assert not connection.connected
    for message in received:
        message.ack()  # as the thread does that begins the task at this moment


def _receive(connection: Connection, name: str) -> Message:
    """Receive a message on a channel of its own, which then waits for the next one."""
    channel = connection.default_channel if name == "coordinator" else connection.channel()
    queue, messages = Queue(name, routing_key=name), []
    Consumer(channel, [queue], on_message=messages.append).consume()
    Producer(channel).publish({}, routing_key=name)
    while not messages:
        connection.drain_events(timeout=10.0)
    with pytest.raises(socket.timeout):
        connection.drain_events(timeout=0.2)
    return messages[0]
