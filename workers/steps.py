"""The bootstep that gives a Celery worker its slots, however it was started."""

from __future__ import annotations

import argparse
import sys
import threading
from typing import Any

from celery import bootsteps, signals
from django.conf import settings

from webapp.common.messages import on_undelivered

from . import options as checked
from .beat import start_beat
from .consumer import Consumer
from .database_retry import limit_idle_transactions
from .file_sweeps import sweep_files_at_intervals
from .process import set_worker
from .worker import Worker


class WorkerStep(bootsteps.StartStopStep):
    """Registers the worker, sends heartbeats, and returns claimed work when the worker stops."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, controller: Any, **options: Any):
        super().__init__(controller, **options)
        conf = controller.app.conf
        queues = list(controller.app.amqp.queues.consume_from)
        try:
            checked.queues(",".join(queues))
            threads = conf.get("trainer_threads") or checked.default_threads(controller.concurrency)
        except argparse.ArgumentTypeError as error:
            print(f"paretoscope: {error}", file=sys.stderr)
            sys.exit(2)
        self.consumer = Consumer(controller)
        name = conf.get("slot_name") or controller.hostname
        self.worker = Worker(name, queues, controller.concurrency, threads, self.consumer)
        set_worker(self.worker)
        for task in controller.app.tasks.values():
            task.time_limit = task.time_limit or controller.time_limit
            task.soft_time_limit = task.soft_time_limit or controller.soft_time_limit

    def start(self, controller: Any) -> None:
        """Start the threads of the worker; tasks may start before the broker is reached."""
        limit_idle_transactions(settings.LEASE_SECONDS / 2)
        controller.consumer.update_strategies()
        controller.pool.on_free = self.consumer.wake
        on_undelivered(self.consumer.start_if_served)
        signals.worker_shutting_down.connect(self._shutting_down)
        signals.task_received.connect(self._received)
        self.worker.start()
        if self.worker.queues:
            sweep_files_at_intervals(self.worker.stopping)
        if self.worker.is_coordinator:
            start_beat(controller.app)

    def stop(self, controller: Any) -> None:
        """Return claimed work and sign out, before the pool waits for its threads."""
        self.worker.stop()

    terminate = stop

    def _received(self, **_: Any) -> None:
        self.worker.received()

    def _shutting_down(self, **_: Any) -> None:
        # In a thread: a handler may interrupt this thread while it holds a lock that is needed.
        threading.Thread(target=self.worker.interrupt).start()
