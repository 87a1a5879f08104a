"""The worker of this process, for tasks and for Celery's remote control."""

from __future__ import annotations

from .worker import Worker

_worker: Worker | None = None


def set_worker(worker: Worker | None) -> None:
    """Set the worker of this process."""
    global _worker  # noqa: PLW0603  there is one per process
    _worker = worker


def the_worker() -> Worker:
    """Return the worker of this process.

    Raises:
        RuntimeError: tasks are executed outside a Celery worker.
    """
    if _worker is None:
        raise RuntimeError("start a worker: celery -A workers worker")
    return _worker


def running_work(task_id: str) -> str:
    """Return what a task does at present; "" if nothing."""
    return "" if _worker is None else _worker.work_of(task_id)


def give_back(task_id: str) -> None:
    """Return the work of a task to its queue."""
    if _worker is not None:
        _worker.give_back(task_id)
