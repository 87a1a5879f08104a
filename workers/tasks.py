"""Celery tasks: each wakes the loop of its own process, which then queries the database.

They are safe to run twice, late or never: the loop finds its work in the database.
"""

from __future__ import annotations

from .app import app
from .table_imports import requested
from .wake_up import wake_up


@app.task(name="workers.tasks.evaluate")
def evaluate() -> None:
    """Wake the worker: candidates wait on one of its queues."""
    wake_up.notify()


@app.task(name="workers.tasks.advance")
def advance(run_id: int) -> None:
    """Wake the coordinator: this run has finished candidates, free workers or a new state."""
    wake_up.notify(run_id)


@app.task(name="workers.tasks.import_tables")
def import_tables() -> None:
    """Wake the coordinator: an uploaded table waits to be imported."""
    requested.set()
    wake_up.notify()
