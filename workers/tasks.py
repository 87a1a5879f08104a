"""The tasks: each only wakes the loop of its own process, which asks the database.

They are safe to run twice, late or never: who is woken looks what there is to do.
"""

from __future__ import annotations

from .app import app
from .wake_up import wakeup


@app.task(name="workers.tasks.evaluate")
def evaluate() -> None:
    """Candidates wait on one of this slot's queues."""
    wakeup.ring()


@app.task(name="workers.tasks.advance")
def advance(run_id: int) -> None:
    """A run has something to be told, asked or settled."""
    wakeup.ring(run_id)
