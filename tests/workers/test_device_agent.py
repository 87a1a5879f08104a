"""An agent with only its own requirements measures a running search over HTTP.

It is killed and started again, and so is the web server: nothing is lost or doubled.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from django.conf import settings

from nasengine.core.measurement import Measurement as Measured
from nasengine.core.outcome import Outcome
from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.core.storage import storage_at
from nasengine.exports.for_device import prepare
from tests.fixtures.devices import make_device
from tests.fixtures.empty_environment import only
from tests.fixtures.factories import make_run, make_slot, make_team, take
from tests.fixtures.people import make_user
from webapp.devices.models import Measurement
from webapp.devices.services import tokens
from webapp.runs.models import DeviceWait
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run

ROOT = Path(__file__).resolve().parents[2]
SMALL = {"cells": 1, "channels": 4}


@pytest.fixture
def team(transactional_db):
    return make_team()


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A folder with numpy, onnxruntime and psutil."""
    folder = tmp_path_factory.mktemp("agent") / "packages"
    only(folder, "numpy", "onnxruntime", "psutil")
    return folder


@pytest.fixture
def start_agent(website, environment, tmp_path, team):
    """Return a function that starts the agent of a new device; all are ended afterwards."""
    device = make_device(team, "pi4")
    token, started = tokens.issue(device, None), []
    program = tmp_path / "agent.pyz"
    program.write_bytes(urllib.request.urlopen(f"{website.url}/devices/agent.pyz").read())

    def start() -> subprocess.Popen:
        agent = subprocess.Popen(
            [
                sys.executable, "-S", str(program), "--name", "pi4", "--threads", "1",
                "--server", website.url, "--token", token, "--folder", str(tmp_path / "agent"),
            ],
            env={"PYTHONPATH": str(environment), "PATH": os.defpath},
            cwd=tmp_path,
            stderr=(tmp_path / "agent.log").open("a"),
        )  # fmt: skip
        started.append(agent)
        return agent

    yield device, start
    for agent in started:
        agent.kill()
        agent.wait()


def train(run, slot) -> None:
    """Do what a worker does for the next candidate, but for the training."""
    held = take(slot)
    spec, proposal = SearchSpec.from_json(held.spec), Proposal.from_json(held.proposal)
    awaited = {"latency@pi4": spec.devices["pi4"]}
    outcome = Outcome(held.number, "done", (Measured("error", 20.0, "%"),), awaited=awaited)
    place = storage_at(settings.PARETOSCOPE_DEVICE_NETWORKS)
    claims.finish(held, outcome, prepare(spec, proposal, awaited, place))
    advance_run(run.pk)


def wait_for(condition, what: str, log: Path) -> None:
    until = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < until, f"{what}: {log.read_text()}"
        time.sleep(0.1)


def states() -> list[str]:
    return sorted(Measurement.objects.values_list("state", flat=True))


def test_nothing_is_lost_or_doubled(start_agent, website, team, client, tmp_path):
    device, start = start_agent
    log = tmp_path / "agent.log"
    run = make_run(
        team, objectives=("error", "latency@pi4"), space="nb201", space_config=SMALL,
        candidates=3, in_flight=3, deterministic=False,
    )  # fmt: skip
    slot = make_slot()
    for _ in range(3):
        train(run, slot)
    assert states() == ["queued"] * 3

    agent = start()
    wait_for(lambda: "running" in states(), "no work was claimed", log)
    agent.kill()
    agent.wait()
    agent = start()
    wait_for(lambda: "done" in states(), "nothing was measured", log)
    website.end("web")
    website.start_web()
    wait_for(lambda: states() == ["done"] * 3, "not everything was measured", log)
    # The web server ends a candidate right after it has stored its measurement.
    wait_for(lambda: not DeviceWait.objects.exists(), "a candidate still waits", log)

    advance_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.told) == ("finished", 3)
    for candidate in run.candidates.all():
        value = candidate.measurements.get(objective="latency@pi4")
        assert value.value > 0
        assert (value.unit, value.device, value.method) == ("ms", "pi4", "measured")
        assert value.repetitions >= 30
        assert value.detail["runtime"].startswith("onnxruntime ")
    assert Measurement.objects.count() == 3

    user = make_user("nora", team, "viewer")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/devices/{device.pk}/").content.decode()
    assert "onnxruntime" in page and "Healthy" in page and "95 % interval" in page

    tokens.revoke(device.tokens.get(), user)
    assert agent.wait(120) == 2
    assert "does not accept this agent: Unauthorized" in log.read_text()
