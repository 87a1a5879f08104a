"""Worker processes: the same result as one process, and what happens when one dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import nasengine
from nasengine import catalog
from nasengine.core.errors import EngineError
from tests.fixtures.toy import ToyEstimator, ToySpace, Weight

ROOT = Path(__file__).parents[3]
PARTS = {
    "space": ToySpace,
    "strategy": "regularised-evolution",
    "strategy_config": {"population": 4, "sample": 2},
    "estimator": ToyEstimator,
    "objectives": ["error", Weight],
    "seed": 3,
    "candidates": 10,
    "progress": False,
}


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    monkeypatch.setattr(catalog, "_registered", {kind: {} for kind in catalog.KINDS})


def test_workers_find_the_same_as_one_process_with_the_same_schedule():
    events = []
    several = nasengine.search(**PARTS, workers=2, in_flight=3, on_event=events.append)
    assert several == nasengine.search(**PARTS, in_flight=3)
    assert nasengine.search(**PARTS, workers=2).spec.in_flight == 2
    epochs = sorted(event.number for event in events if event.kind == "epoch")
    assert epochs == list(range(10)), "reports of the workers reach the search"
    assert [e.number for e in events if e.kind == "outcome"] == list(range(10))


def test_functions_of_the_session_reach_the_workers():
    factor = 3

    def score(architecture):
        return factor * sum(architecture.genome)

    parts = {**PARTS, "estimator": score, "objectives": ["error"], "candidates": 4}
    result = nasengine.search(**parts, workers=2)
    assert [c.values["error"] for c in result.candidates] == [
        3 * sum(c.architecture.genome) for c in result.candidates
    ]


def test_a_worker_that_dies_is_replaced_and_its_candidate_evaluated_again(tmp_path):
    died = tmp_path / "died"

    def score(architecture):
        if not died.exists():
            died.write_text("")
            os.kill(os.getpid(), signal.SIGKILL)
        return sum(architecture.genome)

    parts = {**PARTS, "estimator": score, "objectives": ["error"], "candidates": 4}
    result = nasengine.search(**parts, workers=2)
    assert [candidate.state for candidate in result.candidates] == ["done"] * 4


def test_a_candidate_that_kills_every_worker_has_failed():
    def score(architecture, seed):
        if sum(architecture.genome) % 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return sum(architecture.genome)

    parts = {**PARTS, "estimator": score, "objectives": ["error"], "candidates": 4}
    result = nasengine.search(**parts, workers=2)
    odd = [bool(sum(c.architecture.genome) % 2) for c in result.candidates]
    assert [c.state == "failed" for c in result.candidates] == odd
    assert any(odd)
    reasons = {c.reason for c in result.candidates if c.state == "failed"}
    assert reasons == {"its worker process died 2 times (exit status -9)"}


def test_workers_that_cannot_start_end_the_search(monkeypatch):
    monkeypatch.setattr("nasengine.execution.pool._order", lambda *settings: b"not a pickle")
    with pytest.raises(EngineError, match="a worker process ended while it started"):
        nasengine.search(**PARTS, workers=2)


def test_children_inherit_weights_across_workers():
    parts = {
        "space": "nb201",
        "space_config": {"cells": 1, "channels": 4},
        "strategy": "regularised-evolution",
        "strategy_config": {"population": 2, "sample": 2},
        "estimator": "inherit",
        "estimator_config": {"epochs": 1, "inherited_epochs": 1, "threads": 1, "device": "cpu"},
        "dataset_config": {"limit": 100},
        "progress": False,
        "candidates": 5,
    }
    several = nasengine.search(**parts, workers=2)
    one = nasengine.search(**parts, in_flight=2)
    assert several == one
    inherited = [c.measurements[0].detail.get("inherited_from") for c in one.candidates]
    assert [number for number in inherited if number is not None]
    longer = nasengine.search(**{**parts, "candidates": 7}, in_flight=2)
    assert several.extend(7, progress=False) == longer
    assert one.extend(7, workers=2, progress=False) == longer, (
        "weights move from memory to a folder"
    )


INTERRUPTED = """
import sys, time
import nasengine
def slow(architecture):
    time.sleep(0.3)
    return len(architecture.genome)
result = nasengine.search(space="nb201", strategy="random", estimator=slow, objectives=["error"],
                          candidates=1000, workers=2,
                          on_event=lambda e: print(e.kind, flush=True))
print("partial", 0 < len(result.candidates) < 1000, result.finished, flush=True)
"""


def test_ctrl_c_stops_the_workers_and_returns_what_was_evaluated():
    """A script without a __main__ guard: workers must not import it again."""
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        # A test run in the background ignores SIGINT, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    for line in process.stdout:
        if line == "outcome\n":
            break
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 2
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=300)
    assert out.splitlines()[-1] == "partial True False"
    assert process.returncode == 0
    deadline = time.monotonic() + 120
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < deadline, "a worker is left"
        time.sleep(0.1)


def test_workers_end_with_a_search_that_was_killed():
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        if line == "outcome\n":
            break
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    process.communicate(timeout=300)
    deadline = time.monotonic() + 120
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < deadline, "a worker is left"
        time.sleep(0.1)
