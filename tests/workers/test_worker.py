"""Lost messages, drains and hand-overs of a worker, with a consumer that only records."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from tests.fixtures.factories import make_run
from webapp.common import messages
from webapp.runs.models import WorkerDrain, WorkerSlot
from webapp.runs.services import slots
from webapp.runs.services.claims import Claim
from workers.candidate_work import CandidateWork
from workers.worker import Worker

pytestmark = pytest.mark.django_db


class Recorder:
    """A consumer of messages that records what it is asked."""

    def __init__(self):
        self.connected = True
        self.started: list[tuple[str, str]] = []
        self.received: list[tuple[list[str], bool]] = []
        self.reconnects = self.restarts = 0

    def start_here(self, announcement):
        self.started.append((announcement.task.rpartition(".")[2], announcement.queue))

    def receive(self, queues, begin):
        self.received.append((queues, begin))

    def reconnect(self):
        self.reconnects += 1

    def restart(self, reason):
        self.restarts += 1

    def is_connected(self):
        return self.connected


@pytest.fixture
def worker(settings):
    """A registered worker with two slots that is a coordinator too; it runs no threads."""
    settings.IDLE_SECONDS, settings.SWEEP_SECONDS = 30, 10
    one = Worker("one", ["cpu", "coordinator"], 3, 1, Recorder())
    one.register()
    return one


def later(worker, seconds):
    worker._busy_at -= seconds
    worker._swept_at -= seconds


def serve(worker, name="evaluate"):
    """Let a task claim work; nothing is trained."""
    task = SimpleNamespace(
        name=f"workers.tasks.{name}",
        request=SimpleNamespace(id=name, timelimit=None),
        time_limit=None,
        soft_time_limit=None,
    )
    worker.serve(task)


def test_rows_say_what_each_part_of_a_worker_does(worker):
    rows = list(WorkerSlot.objects.order_by("name").values_list("name", "role", "queues"))
    assert rows == [
        ("coordinator of one", "coordinator", ["coordinator"]),
        ("one-1", "evaluation", ["cpu"]),
        ("one-2", "evaluation", ["cpu"]),
    ]


def test_a_coordinator_whose_sweeps_do_not_end_is_stalled_and_starts_again(worker):
    def stalled_after(seconds):
        worker.progress._swept_at -= seconds
        worker.find_lost_messages()
        return slots.stalled_since(WorkerSlot.objects.get(role="coordinator"))

    assert stalled_after(290) is None
    assert stalled_after(20) < timezone.now() - timedelta(seconds=300)
    worker.swept()
    assert stalled_after(0) is None
    with ExitStack() as tasks:
        for number in range(3):  # long trainings in every thread
            tasks.enter_context(worker.running(str(number), worker.slots[0]))
        assert stalled_after(2000) is None
    assert worker.consumer.restarts == 0
    assert stalled_after(2000) is not None
    assert worker.consumer.restarts == 1


def test_work_and_sweeps_whose_messages_were_lost_start_without_them(worker):
    make_run()
    worker.find_lost_messages()
    assert worker.consumer.started == []
    later(worker, 31)
    worker.find_lost_messages()
    assert worker.consumer.started == [("sweep", "coordinator"), ("evaluate", "cpu")]
    later(worker, 3)
    worker.find_lost_messages()
    assert len(worker.consumer.started) == 2
    worker.consumer.connected = False  # then nothing is announced, so it looks more often
    worker.find_lost_messages()
    assert len(worker.consumer.started) == 4


def test_a_worker_that_keeps_finding_unannounced_work_connects_again(worker, monkeypatch):
    monkeypatch.setattr("workers.slot.Slot.serve", lambda slot, work, seconds: None)
    make_run(candidates=9, in_flight=9)
    for number in range(4):
        later(worker, 31)
        worker.find_lost_messages()
        serve(worker)
        assert worker.consumer.reconnects == (number + 1) // 2
    worker.received()
    later(worker, 31)
    worker.find_lost_messages()
    worker.received()  # a message arrived in time
    serve(worker)
    assert worker.consumer.reconnects == 2


@pytest.mark.trap(17)
def test_a_worker_whose_messages_stay_away_after_a_new_connection_starts_again_when_idle(
    worker, monkeypatch
):
    monkeypatch.setattr("workers.slot.Slot.serve", lambda slot, work, seconds: None)
    make_run(candidates=9, in_flight=9)

    def find(times):
        for _ in range(times):
            later(worker, 31)
            worker.find_lost_messages()
            serve(worker)

    find(2)
    worker.received()
    find(4)
    with worker.running("long", SimpleNamespace(give_back=print)):
        worker.find_lost_messages()
        assert worker.consumer.restarts == 0
    worker.find_lost_messages()
    assert (worker.consumer.restarts, worker.consumer.reconnects) == (1, 3)


def test_a_worker_does_not_start_again_because_the_broker_is_down(worker, monkeypatch):
    monkeypatch.setattr("workers.slot.Slot.serve", lambda slot, work, seconds: None)
    make_run(candidates=9, in_flight=9)
    worker.consumer.connected = False
    for _ in range(8):
        later(worker, 3)
        worker.find_lost_messages()
        serve(worker)
    assert (worker.consumer.restarts, worker.consumer.reconnects) == (0, 0)


def test_a_drained_worker_passes_on_the_message_that_it_has_received(worker, monkeypatch):
    sent: list[str] = []
    monkeypatch.setattr("workers.next_work.send", lambda one: sent.append(one.queue))
    monkeypatch.setattr("workers.worker.PASS_ON_SECONDS", 0.0)
    run = make_run(candidates=2, in_flight=2)
    for name in ("one-1", "one-2"):
        WorkerDrain.objects.create(name=name)
    serve(worker)
    assert sent == ["cpu"]
    assert worker.consumer.received == [(["cpu"], False)]  # before it is sent
    assert set(run.candidates.values_list("state", flat=True)) == {"queued"}


def test_a_message_goes_to_the_slot_that_is_not_drained(worker, monkeypatch):
    served: list[str] = []
    monkeypatch.setattr(
        "workers.slot.Slot.serve", lambda slot, work, seconds: served.append(slot.row.name)
    )
    make_run(candidates=2, in_flight=2)
    WorkerDrain.objects.create(name="one-2")
    worker.find_lost_messages()
    serve(worker)
    assert served == ["one-1"]


def test_a_drained_worker_receives_no_messages_of_work(worker):
    make_run()
    for name in ("one-1", "one-2"):
        WorkerDrain.objects.create(name=name)
        worker.find_lost_messages()
    later(worker, 31)
    worker.find_lost_messages()
    assert worker.consumer.received == [(["cpu"], False)]
    assert ("evaluate", "cpu") not in worker.consumer.started
    WorkerDrain.objects.all().delete()
    worker.find_lost_messages()
    assert worker.consumer.received[1:] == [(["cpu"], True)]


def test_work_of_another_kind_is_announced_under_its_own_name(worker, monkeypatch):
    sent: list[tuple[str, str, bool]] = []
    monkeypatch.setattr(
        "workers.next_work.send",
        lambda one: sent.append((one.task.rpartition(".")[2], one.queue, one.is_bounded)),
    )
    run = make_run()
    serve(worker, "export")
    assert sent == [("evaluate", "cpu", True)]
    assert set(run.candidates.values_list("state", flat=True)) == {"queued"}


def test_signals_return_what_runs_and_let_nothing_new_begin(worker):
    returned = threading.Event()
    with worker.running("id", SimpleNamespace(give_back=returned.set)):
        worker.interrupt()
    assert returned.is_set()
    run = make_run()
    serve(worker)
    assert set(run.candidates.values_list("state", flat=True)) == {"queued"}


def test_a_message_of_work_is_not_sent_while_one_waits(monkeypatch):
    monkeypatch.setattr(messages, "_quiet_until", 0.0)
    queue = "test-bounded"
    for _ in range(3):
        messages.send(messages.work_announcement(queue))
    assert messages._waiting(queue) == 1


def test_slots_of_a_cuda_worker_share_a_trainer_process_with_the_setting(
    settings, caplog, monkeypatch
):
    settings.SHARED_TRAINER = True
    on_processors = Worker("cpus", ["cpu"], 2, 1, Recorder())
    assert "SHARED_TRAINER has no effect without the queue cuda" in caplog.text
    single = Worker("single", ["cuda"], 1, 1, Recorder())
    card = Worker("card", ["cuda"], 2, 1, Recorder())
    for one in (on_processors, single, card):
        one.register()
    assert [slot._shared for one in (on_processors, single) for slot in one.slots] == [None] * 3
    first, second = card.slots
    assert first._shared._host is second._shared._host

    work, lost, supernet = (
        CandidateWork(
            Claim(1, 1, 0, 1, {"estimator": estimator}, {"task": task}, "", "", "", "", why)
        )
        for estimator, task, why in (
            ("train", "evaluate", ""),
            ("train", "evaluate", "its trainer died"),
            ("shared", "share", ""),
        )
    )
    assert [one.may_share for one in (work, lost, supernet)] == [True, False, False]
    served: list[tuple] = []

    def run(slot, work, seconds):
        served.append((slot.trainer, first._shared._host._users))

    monkeypatch.setattr("workers.slot.Slot._run", run)
    second.work = work  # the other slot trains
    for one in (work, lost):
        first.serve(one)
    first.row.facts["accelerator"] = "cpu"
    first.serve(work)
    own, shared = first._own, first._shared
    assert served == [(shared, 2), (own, 2), (own, 2)]
    assert shared._host._users == own._host._users == 1
