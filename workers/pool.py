"""The pool of a worker: threads, which wake the consumer as soon as one of them is free."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from celery.concurrency.thread import ApplyResult, TaskPool

log = logging.getLogger(__name__)


class SlotPool(TaskPool):
    """Celery's pool of threads, for a consumer that receives no more tasks than threads are free.

    The consumer sleeps until its broker sends something. Without the call it would notice a free
    thread up to a second late.
    """

    on_free: Callable[[], object] | None = None

    def on_apply(self, *args: Any, **options: Any) -> ApplyResult:
        result = super().on_apply(*args, **options)
        result.f.add_done_callback(self._freed)
        return result

    def terminate_job(self, pid: int, signal: int | None = None) -> None:
        """Do nothing: `TaskRequest.terminate` returns the work of the task that it belongs to."""

    def _freed(self, future: Future) -> None:
        if not future.cancelled() and (error := future.exception()):
            log.error("a task could not be started", exc_info=error)
        if self.on_free is not None:
            self.on_free()
