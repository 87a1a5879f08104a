"""Requests of tasks: what `inspect` shows of them, and how `revoke` stops them."""

from __future__ import annotations

from typing import Any

from celery.worker.request import Request

from . import process


class TaskRequest(Request):
    """A request whose task may hold work that it claimed in the database."""

    def info(self, safe: bool = False) -> dict[str, Any]:
        """Return what `celery inspect active` shows, with the work, as "run 3 candidate 7"."""
        return {**super().info(safe), "work": process.running_work(self.id)}

    def terminate(self, pool: Any, signal: Any = None) -> None:
        """Return the work to its queue, as after SIGTERM; `revoke(id, terminate=True)` calls it."""
        super().terminate(pool, signal)
        if self.time_start:
            process.give_back(self.id)
