"""Two addresses of the broker: the second takes over when the first stops."""

from __future__ import annotations

import pytest
import redis

from webapp.start.servers import EmbeddedValkey

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
