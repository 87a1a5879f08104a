"""A trainer process that several slots share: outcomes, cancelling, kills, memory, shares."""

from __future__ import annotations

import queue
import sys
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import psutil
import pytest

from nasengine.core.interleaving import hand_on
from nasengine.core.outcome import OUT_OF_MEMORY
from nasengine.core.proposal import Proposal
from nasengine.execution.evaluation import evaluate
from workers.shared_trainer import SharedTrainer
from workers.slot import Slot
from workers.trainer_host import TrainerHost
from workers.trainer_process import SHARED_GRACE_SECONDS, TrainerDied, TrainerProcess
from workers.work import Ending

from ..fixtures.waiting import until
from .test_trainer_process import LONG, QUESTION, messages_of, proposal_of


@pytest.fixture(scope="module")
def host():
    """One process for all tests of this file; each leaves it usable."""
    process = TrainerHost(threads=1, is_shared=True)
    process.start()
    yield process
    process.kill()


def error_alone(spec, proposal) -> float:
    """Return the error of a training by itself, in this process."""
    return evaluate(spec, Proposal.from_json(proposal), lambda point: None, lambda: False).values[
        "error"
    ]


def test_two_jobs_run_at_once_and_cancelling_one_leaves_the_other(host):
    first, second = TrainerProcess(1, host), TrainerProcess(1, host)
    second.evaluate(LONG.to_json(), proposal_of(LONG))
    while second.receive(0.2) is None:
        pass
    proposal = proposal_of(QUESTION)
    first.evaluate(QUESTION.to_json(), proposal)
    *points, last = messages_of(first)
    assert [point["point"]["epoch"] for point in points] == [1, 2]
    (error,) = [m for m in last["outcome"]["measurements"] if m["objective"] == "error"]
    assert error["value"] == error_alone(QUESTION, proposal)
    assert first.grace_seconds == SHARED_GRACE_SECONDS
    first.evaluate(LONG.to_json(), proposal_of(LONG))
    while first.receive(0.2) is None:
        pass
    before = first.pid
    second.end()
    assert first.pid == before, "the process goes on if a job stops when it is asked to"
    second.kill()
    assert first.pid == before, "its job has ended, so nothing is to be killed"
    first.cancel()
    assert messages_of(first)[-1]["outcome"]["state"] == "cancelled"
    assert first.grace_seconds < SHARED_GRACE_SECONDS, "without neighbours"


class FakeWork:
    """Work of a slot that records how it ended."""

    limit, is_watched, may_share, noun = "CANDIDATE_SECONDS", True, True, "candidate"

    def __init__(self, spec, proposal, place, on_report):
        self.request = {"spec": spec.to_json(), "proposal": proposal, "weights": ""}
        self.request["progress"] = {"place": str(place), "seconds": 0}
        self.on_report = on_report
        self.released, self.endings = 0, []

    def prepare(self) -> None: ...

    def start(self, trainer) -> None:
        trainer.request("evaluate", device_networks="", **self.request)

    def report(self, point) -> bool:
        self.on_report(point)
        return True

    def record_output(self, lines) -> None: ...

    def release(self) -> None:
        self.released += 1

    def finish(self, ending: Ending) -> bool:
        self.endings.append(ending)
        return True


class Limit:
    """A time limit that is exceeded once the event is set."""

    def __init__(self, event):
        self.event = event

    def progressed(self) -> None: ...

    def rest(self) -> float:
        return 0.02 if self.event else 60.0

    def excess(self) -> str:
        return "took too long" if self.event and self.event.is_set() else ""


def test_the_neighbour_of_a_job_that_is_killed_returns_to_its_queue_and_continues(
    host, tmp_path, monkeypatch
):
    late, points = threading.Event(), []

    def on_report(point):
        points.append(point)
        if point.get("epoch") == 2 and not late.is_set():
            psutil.Process(host.pid).suspend()  # it hangs
            late.set()

    spec = type(QUESTION)(
        **{**vars(QUESTION), "objectives": ("error",), "estimator_config": {"epochs": 20}}
    )
    proposal = proposal_of(spec)
    good = FakeWork(spec, proposal, tmp_path / "good", on_report)
    bad = FakeWork(LONG, proposal_of(LONG), tmp_path / "bad", lambda point: None)
    monkeypatch.setattr("workers.trainer_process.SHARED_GRACE_SECONDS", 0.0)
    monkeypatch.setattr("workers.slot.TimeLimit", lambda w, s: Limit(late if w is bad else None))
    monkeypatch.setattr("workers.slot.slots.add_facts", lambda row, facts: None)
    monkeypatch.setattr("workers.slot.lacks_cuda", lambda row: False)
    row = SimpleNamespace(facts={}, name="one")
    one, two = (Slot(row, 1, threading.Event(), host) for _ in range(2))
    other = threading.Thread(target=two.serve, args=(bad,))
    other.start()
    one.serve(good)
    other.join()
    assert (good.released, good.endings) == (1, [])
    assert [(end.state, end.reason, end.is_crash) for end in bad.endings] == [
        ("failed", "took too long", False)
    ]
    one.serve(good)
    (ending,) = good.endings
    assert any(point.get("resumed", 0) >= 1 for point in points)
    assert ending.outcome["measurements"][0]["value"] == error_alone(spec, proposal)
    assert one._own.pid is None


def test_a_process_that_dies_by_itself_is_an_attempt_of_each_job(host):
    jobs = [TrainerProcess(1, host), TrainerProcess(1, host)]
    for job in jobs:
        job.evaluate(LONG.to_json(), proposal_of(LONG))
    psutil.Process(host.pid).kill()
    for job in jobs:
        with pytest.raises(TrainerDied, match="SIGKILL"):
            messages_of(job)


class FakeJob:
    """A job whose evaluation is a function."""

    def __init__(self, number, act):
        self.number, self.act = number, act
        self.reports: list[dict] = []

    def report(self, point) -> None:
        self.reports.append(point)

    def alive(self) -> None: ...

    def is_cancelled(self) -> bool:
        return False


@contextmanager
def shared(monkeypatch):
    """Yield a trainer that shares this process, and its messages."""
    messages: queue.Queue[dict] = queue.Queue()
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    yield SharedTrainer(lambda job: job.act(), lambda **one: messages.put(one)), messages


def result(state, reason="") -> dict:
    return {"outcome": {"state": state, "reason": reason}, "digest": ""}


def test_a_job_that_ran_out_of_memory_next_to_others_is_done_again_by_itself(monkeypatch):
    full = result("failed", f"{OUT_OF_MEMORY}cuda:0 with batch_size 64: lower it")
    inside, go_on = threading.Event(), threading.Event()
    tries: list[bool] = []

    def neighbour():
        inside.set()
        go_on.wait(60)
        hand_on()
        tries.append(False)
        print("a line")
        return result("done")

    def hungry():
        tries.append(True)
        return full if tries.count(True) == 1 else result("done")

    with shared(monkeypatch) as (trainer, messages):
        jobs = [FakeJob(1, neighbour), FakeJob(2, hungry)]
        trainer.begin(jobs[0])
        inside.wait(60)
        trainer.begin(jobs[1])
        until(lambda: trainer._interleaver._ready)
        go_on.set()
        found = [messages.get(timeout=60) for _ in range(3)]
        alone = FakeJob(3, lambda: full)
        trainer.begin(alone)
        last = messages.get(timeout=60)
    assert tries == [True, False, True], "again only after the neighbour has ended"
    assert {"type": "line", "job": 1, "text": "a line"} in found
    assert [m["job"] for m in found if m["type"] == "outcome" and m["outcome"]["state"] == "done"]
    assert jobs[1].reports[0]["curve"] == []
    assert (last["outcome"], alone.reports) == (full["outcome"], [])
