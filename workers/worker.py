"""Slots, database rows and claimed work of a Celery worker."""

from __future__ import annotations

import logging
import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from celery import Task
from django.conf import settings
from django.db import connection

from webapp.common.messages import SWEEP, Announcement
from webapp.common.queue_names import COORDINATOR_QUEUE, CUDA_QUEUE
from webapp.runs.models import WorkerSlot
from webapp.runs.services import slots
from webapp.runs.services.cards import lacks_cuda
from webapp.runs.services.drains import drained_among, is_drained

from .database_retry import CONNECTION_ERRORS, retry_until_available
from .heartbeat import Heartbeat
from .next_work import announce, claim_first, due_work
from .progress import Progress
from .slot import Slot
from .trainer_host import TrainerHost
from .work import Work

log = logging.getLogger(__name__)
STOP_SECONDS = 8.0  # for claimed work to store a checkpoint and return to its queue
MISSED_MESSAGES = 2  # in a row, after which a worker connects to the broker again
OUTAGE_SECONDS = 2.0  # interval of searches for work without a broker
PASS_ON_SECONDS = 0.5  # after which a drained worker announces again what it has received
MISSED_SWEEPS = 3  # intervals without a sweep, after which a coordinator starts one by itself


class Interruptible(Protocol):
    """Work of a task that a signal or `revoke` ends."""

    def give_back(self) -> None: ...


class MessageConsumer(Protocol):
    """The consumer of a worker's messages; see `workers.consumer`."""

    def start_here(self, announcement: Announcement) -> None: ...
    def receive(self, queues: list[str], begin: bool) -> None: ...
    def reconnect(self) -> None: ...
    def restart(self, reason: str) -> None: ...
    def is_connected(self) -> bool: ...


class Worker:
    """The slots of a Celery worker for its queues of work, and its part as a coordinator.

    A worker that serves the queue "coordinator" too keeps one of its threads free for it, if it
    has several: a run must advance while networks train.

    Args:
        name: name in the database and on pages.
        queues: the queues that the worker serves.
        concurrency: how many tasks may run at once.
        threads: processor threads of each training.
        consumer: receives the messages of the worker.

    With the setting SHARED_TRAINER the slots of a worker of CUDA share one trainer process.
    """

    def __init__(
        self,
        name: str,
        queues: list[str],
        concurrency: int,
        threads: int,
        consumer: MessageConsumer,
    ):
        self.name = name
        self.queues = [queue for queue in queues if queue != COORDINATOR_QUEUE]
        self.is_coordinator = COORDINATOR_QUEUE in queues
        self.threads = threads
        self.consumer = consumer
        self.is_drained = False
        self.stopping = threading.Event()
        self.registered = threading.Event()
        self.slots: list[Slot] = []
        self.coordinator_row: WorkerSlot | None = None
        self._width = max(1, concurrency - self.is_coordinator) if self.queues else 0
        self._host = self._shared_host(threads)
        self._free: list[Slot] = []  # the last one used is the next, because its trainer is warm
        self._running: dict[str, Interruptible] = {}
        self._task_ended = threading.Condition()
        self._heartbeat = Heartbeat(self)
        self._busy_at = self._swept_at = time.monotonic()
        self.progress = Progress()
        self._concurrency = concurrency
        self._missed = 0  # how often in a row work was claimed without a message
        self._is_searching = False
        self._has_reconnected = False  # since the last message arrived
        self._must_restart = False
        self._drained: set[str] = set()  # names of slots that were drained when last looked at
        self._drain_lock = threading.Lock()

    @property
    def rows(self) -> list[WorkerSlot]:
        """The rows of this worker in the database."""
        rows = [slot.row for slot in self.slots]
        return [*rows, self.coordinator_row] if self.coordinator_row else rows

    def start(self) -> None:
        """Register and send heartbeats in a thread; tasks wait until the rows are there."""
        self._heartbeat.start()

    def stop(self) -> None:
        """Return all claimed work and sign out."""
        self.interrupt()
        with self._task_ended:
            self._task_ended.wait_for(lambda: not self._running, STOP_SECONDS)
        self._heartbeat.stop()
        for slot in self.slots:
            slot.kill()
        try:
            for row in self.rows:
                slots.retire(row)
        except CONNECTION_ERRORS as error:
            log.warning("worker not signed out: %s", error)
        connection.close()

    def interrupt(self) -> None:
        """Let every task end at once; its work returns to its queue."""
        self.stopping.set()
        self.registered.set()
        for running in list(self._running.values()):
            running.give_back()

    def register(self) -> None:
        """Create the rows of this worker, as soon as the database can be reached."""
        if retry_until_available(self._register, self.stopping):
            self.registered.set()

    def _register(self) -> bool:
        facts = {"python": platform.python_version(), "machine": platform.machine()}
        if self.is_coordinator and self.coordinator_row is None:
            name = f"coordinator of {self.name}" if self.queues else self.name
            queues = [COORDINATOR_QUEUE]
            self.coordinator_row = slots.register(name, "coordinator", queues, facts)
        while len(self.slots) < self._width:
            name = f"{self.name}-{len(self.slots) + 1}" if self._width > 1 else self.name
            row = slots.register(name, "evaluation", self.queues, facts)
            self.slots.append(Slot(row, self.threads, self.stopping, self._host, self._share_card))
            self._free.append(self.slots[-1])
        return True

    def _shared_host(self, threads: int) -> TrainerHost | None:
        """Return the trainer process that the slots share; None if they share none."""
        if not settings.SHARED_TRAINER or self._width < 2:
            return None
        if CUDA_QUEUE not in self.queues:
            log.warning(
                "SHARED_TRAINER has no effect without the queue %s: on processors trainings are "
                "faster in processes of their own, because Python runs one thread at a time",
                CUDA_QUEUE,
            )
            return None
        return TrainerHost(threads, is_shared=True)

    def _share_card(self) -> None:
        """Divide the time and the energy of the card among the slots that work."""
        users = sum(slot.work is not None for slot in self.slots)
        for slot in self.slots:
            slot.share_card(users)

    def serve(self, task: Task) -> None:
        """Claim the next work of this worker's queues and do it: the body of the tasks of work.

        If it is of another kind, the task for it is announced instead, so that the name of a task
        says what it does.
        """
        self.registered.wait()
        with self._slot_for(task) as slot:
            if slot is None or self.stopping.is_set():
                return
            if retry_until_available(lambda: is_drained(slot.row.name), self.stopping):
                self._pass_on(slot)
                return
            waiting = retry_until_available(lambda: due_work(self.queues), self.stopping)
            if not waiting:
                return
            if waiting[0].task != task.name:
                announce(waiting)
                return
            work, rest = retry_until_available(
                lambda: claim_first(slot.row, waiting), self.stopping
            ) or (None, [])
            if work is None:
                return
            announce(rest)
            self._claimed(work)
            slot.serve(work, _time_limit(task))
        self._announce_more()

    def _pass_on(self, slot: Slot) -> None:
        """Leave work to other workers whose message this drained one has received.

        The pause keeps it from receiving its own message at once, before it receives none.
        """
        self._drained.add(slot.row.name)
        retry_until_available(self._drain, self.stopping)
        self.stopping.wait(PASS_ON_SECONDS)
        self._announce_more()

    def _announce_more(self) -> None:
        if not self.stopping.is_set():
            waiting = retry_until_available(lambda: due_work(self.queues), self.stopping)
            announce(waiting or [])

    @contextmanager
    def _slot_for(self, task: Task) -> Iterator[Slot | None]:
        """Take a free slot for the task; None if there is none."""
        slot = self._take_free()
        if slot is None:
            yield None
            return
        slot.is_returning = False
        try:
            with self.running(task.request.id, slot):
                yield slot
        finally:
            self._free.append(slot)
            self._busy_at = time.monotonic()

    def _take_free(self) -> Slot | None:
        """Take the slot that was used last, a drained one only if no other is free."""
        with self._task_ended:
            if not self._free:
                return None
            working = [i for i, s in enumerate(self._free) if s.row.name not in self._drained]
            return self._free.pop(working[-1] if working else -1)

    @contextmanager
    def running(self, task_id: str, what: Interruptible) -> Iterator[None]:
        """Let signals and `revoke` end what the task does."""
        self._running[task_id] = what
        try:
            yield
        finally:
            with self._task_ended:
                self._running.pop(task_id, None)
                self._task_ended.notify_all()

    def give_back(self, task_id: str) -> None:
        """Return the work of a task to its queue."""
        if running := self._running.get(task_id):
            running.give_back()

    def work_of(self, task_id: str) -> str:
        """Return what a task does, as "run 3 candidate 7"; "" if nothing."""
        running = self._running.get(task_id)
        work = running.work if isinstance(running, Slot) else running
        return "" if work is None else str(work)

    def received(self) -> None:
        """Remember that messages of the broker arrive."""
        self._busy_at, self._missed, self._is_searching = time.monotonic(), 0, False
        self._has_reconnected = self._must_restart = False

    def swept(self) -> None:
        """Remember that this coordinator has swept."""
        self._swept_at = time.monotonic()
        self.progress.swept()

    def _drain(self) -> None:
        """Receive no announcement of work while every slot is drained: others need it."""
        with self._drain_lock:
            self._drained = drained_among([slot.row.name for slot in self.slots])
            drained = len(self._drained) >= len(self.slots)
            if drained != self.is_drained:
                self.is_drained = drained
                self.consumer.receive(self.queues, not drained)

    def _leave_cuda(self) -> None:
        """Serve the queue of CUDA devices no longer once a trainer process has found none."""
        if CUDA_QUEUE not in self.queues or not any(lacks_cuda(slot.row) for slot in self.slots):
            return
        log.warning("this worker has no CUDA device: it leaves the queue %s", CUDA_QUEUE)
        self.queues.remove(CUDA_QUEUE)
        for slot in self.slots:
            slots.serve(slot.row, self.queues)
        self.consumer.receive([CUDA_QUEUE], False)

    def find_lost_messages(self) -> None:
        """Start tasks whose messages were lost, or could not be sent."""
        now, has_broker = time.monotonic(), self.consumer.is_connected()
        if self.slots:
            self._drain()
            self._leave_cuda()
        if self._must_restart and not self._running:
            self.consumer.restart("no message arrives after a new connection")
        if self.coordinator_row is not None:
            self._watch_progress(self.coordinator_row)
        patience = MISSED_SWEEPS * settings.SWEEP_SECONDS if has_broker else OUTAGE_SECONDS
        if self.is_coordinator and now > self._swept_at + patience:
            self._swept_at = now
            self.consumer.start_here(Announcement(SWEEP, COORDINATOR_QUEUE))
        patience = settings.IDLE_SECONDS if has_broker else OUTAGE_SECONDS
        if self._free and not self.is_drained and now > self._busy_at + patience:
            self._busy_at = now
            self._find_work(has_broker)

    def _watch_progress(self, row: WorkerSlot) -> None:
        """Record whether sweeps end; start the process again if none has ended for very long.

        While trainings or an import occupy every thread of the pool, no sweep can end.
        """
        if len(self._running) >= self._concurrency:
            self.progress.swept()
        self.progress.record(row)
        if self.progress.must_restart():
            self.consumer.restart(f"no sweep has ended for {self.progress.seconds:.0f} s")

    def pause_seconds(self) -> float:
        """Return the time until the next heartbeat: an idle worker holds no lease."""
        if not self.consumer.is_connected():
            return min(settings.HEARTBEAT_SECONDS, OUTAGE_SECONDS)
        if any(slot.work is not None for slot in self.slots):
            return settings.HEARTBEAT_SECONDS
        return min(
            max(settings.HEARTBEAT_SECONDS, settings.LEASE_SECONDS / 3), settings.IDLE_SECONDS
        )

    def _find_work(self, has_broker: bool) -> None:
        waiting = due_work(self.queues)
        if not waiting:
            return
        self._is_searching = has_broker
        self.consumer.start_here(waiting[0].announcement)

    def _claimed(self, work: Work) -> None:
        """Connect to the broker again if this worker keeps finding work without messages.

        If that does not help, its consumer hangs: the process starts again once it is idle.
        """
        log.info("%s: claimed (fence %s)", work, work.fence)
        if not self._is_searching:
            return
        self._is_searching = False
        self._missed += 1
        log.warning("%s waited, but no message of it arrived", work)
        if self._missed >= MISSED_MESSAGES:
            self._missed = 0
            self._must_restart = self._has_reconnected
            self._has_reconnected = True
            self.consumer.reconnect()


def _time_limit(task: Task) -> float | None:
    """Return the shortest time limit of a task's message and of the task, in seconds."""
    limits = (*(task.request.timelimit or ()), task.time_limit, task.soft_time_limit)
    return min((float(limit) for limit in limits if limit), default=None)
