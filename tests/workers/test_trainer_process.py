"""The trainer process: strict JSON lines, stray prints, exit messages; torch only there."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from workers.candidate_work import read_outcome
from workers.trainer_process import TrainerDied, TrainerProcess

from ..fixtures.fleet import SMALL

ROOT = Path(__file__).resolve().parents[2]
QUESTION = SearchSpec(
    **{**SMALL, "objectives": ("error", "params"), "estimator_config": {"epochs": 2}}
)
LONG = SearchSpec(**{**SMALL, "objectives": ("error",), "estimator_config": {"epochs": 5000}})


@pytest.fixture(scope="module")
def trainer():
    """One process for all tests of this file; each leaves it usable."""
    process = TrainerProcess(threads=1)
    process.start()
    yield process
    process.kill()


def proposal_of(spec: SearchSpec) -> dict:
    return assembly.make_strategy(spec).ask().to_json()


def messages_of(trainer: TrainerProcess, seconds: float = 120) -> list[dict]:
    """Return all messages about the current candidate up to its outcome."""
    found, deadline = [], time.monotonic() + seconds
    while not found or found[-1]["type"] != "outcome":
        assert time.monotonic() < deadline, found
        message = trainer.receive(0.2)
        if message and message["type"] != "alive":
            found.append(message)
    return found


def test_every_epoch_is_reported_then_the_outcome(trainer):
    trainer.evaluate(QUESTION.to_json(), proposal_of(QUESTION))
    *points, last = messages_of(trainer)
    assert [m["point"]["epoch"] for m in points] == [1, 2]
    outcome = read_outcome(0, last["outcome"])
    assert outcome.state == "done"
    assert outcome.values.keys() == {"error", "params"}
    assert len(last["digest"]) == 64
    assert trainer.facts["threads"] == 1
    assert trainer.facts["torch"].startswith("2.")


def test_a_malformed_request_fails_its_candidate_and_the_process_survives(trainer):
    broken = {**QUESTION.to_json(), "estimator": "nothing"}
    trainer.evaluate(broken, proposal_of(QUESTION))
    (last,) = messages_of(trainer)
    assert last["outcome"]["state"] == "failed"
    assert "'nothing' is not among the estimators" in last["outcome"]["reason"]
    trainer.evaluate(QUESTION.to_json(), proposal_of(QUESTION))
    assert messages_of(trainer)[-1]["outcome"]["state"] == "done"


def test_cancel_ends_the_candidate_but_not_the_process(trainer):
    trainer.evaluate(LONG.to_json(), proposal_of(LONG))
    while trainer.receive(0.2) is None:
        pass
    trainer.cancel()
    assert messages_of(trainer)[-1]["outcome"]["state"] == "cancelled"


def test_a_killed_process_reports_its_signal_and_restarts(trainer):
    trainer.evaluate(LONG.to_json(), proposal_of(LONG))
    while trainer.receive(0.2) is None:
        pass
    psutil.Process(trainer.pid).kill()
    with pytest.raises(
        TrainerDied, match=r"was ended by signal 9, SIGKILL \(out of memory, perhaps\)"
    ):
        messages_of(trainer)
    trainer.evaluate(QUESTION.to_json(), proposal_of(QUESTION))
    assert messages_of(trainer)[-1]["outcome"]["state"] == "done"


@pytest.mark.trap(20)
def test_kill_ends_the_whole_process_group():
    other = TrainerProcess(threads=1)
    other.start()
    process = psutil.Process(other.pid)
    other.kill()
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_measurement_that_is_not_finite_makes_the_outcome_diverged():
    raw = json.loads(
        '{"state": "done", "reason": "", "epochs": 3, "measurements": ['
        '{"objective": "error", "value": NaN, "unit": "%"},'
        '{"objective": "params", "value": 7, "unit": ""}]}'
    )
    outcome = read_outcome(4, raw)
    assert (outcome.number, outcome.state) == (4, "diverged")
    assert outcome.values == {"params": 7}
    assert outcome.reason == "error is nan: a measurement must be finite"


def test_waiting_for_a_message_ends_when_another_thread_wakes_it():
    idle = TrainerProcess(threads=1)
    threading.Timer(0.05, idle.wake).start()
    assert idle.receive(60) is None


def test_a_worker_imports_no_torch():
    """Not even after it made strategies and read objectives and fronts."""
    code = (
        "import sys\n"
        "from workers.celery import app\n"
        "app.loader.import_default_modules()\n"
        "import workers.steps, webapp.runs.services.front\n"
        "from nasengine import catalog\n"
        "from nasengine.execution import assembly\n"
        "from nasengine.core.search_spec import SearchSpec\n"
        "for name in catalog.names('strategies'):\n"
        "    whole = assembly.check(SearchSpec(strategy=name))\n"
        "    assembly.make_strategy(whole).ask()\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
