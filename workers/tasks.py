"""The Celery tasks. Each claims what is to be done in the database, and ends if nothing is.

They are safe to run twice, late or never. The names of the tasks of work say what is done, for
`inspect`, Flower and time limits: a message of one kind whose turn has not come is answered with
one of the kind whose turn it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import Task

from webapp.common.messages import ADVANCE, IMPORT_TABLES, NOTIFY, SWEEP, TASK

from . import coordination, imports
from .celery import app
from .database_retry import retry_until_available
from .process import the_worker


def _task_of_work(name: str, description: str) -> Callable[..., None]:
    def work(self: Task, queue: str = "") -> None:
        the_worker().serve(self)

    work.__doc__ = description
    return app.task(name=TASK.format(name), bind=True)(work)


evaluate = _task_of_work("evaluate", "Evaluate the next candidate of a run.")
train_supernet = _task_of_work("train_supernet", "Train the supernet of a run for its next step.")
finalize = _task_of_work("finalize", "Train one network of an evaluation fully.")
export = _task_of_work("export", "Export a trained network.")
check_entry = _task_of_work("check_entry", "Rebuild a catalogue entry and compare it.")
predict_costs = _task_of_work("predict_costs", "Choose networks for a device, or fit a predictor.")


@app.task(name=ADVANCE)
def advance(run_id: int, is_next_turn: bool = False) -> None:
    """Advance a run: it has finished candidates, free workers or a new state."""
    _with_database(lambda: coordination.advance(run_id, is_next_turn))


@app.task(name=SWEEP)
def sweep() -> None:
    """Requeue work of dead workers, and announce what lost messages had announced."""
    _with_database(coordination.sweep)
    the_worker().swept()


@app.task(name=NOTIFY)
def notify() -> None:
    """Notify people and webhooks of what happened."""
    _with_database(coordination.notify)


@app.task(name=IMPORT_TABLES, bind=True)
def import_tables(self: Task) -> None:
    """Import the next uploaded file that waits, in a process of its own."""
    imports.import_next(self.request.id, the_worker())


def _with_database(act: Callable[[], Any]) -> None:
    worker = the_worker()
    worker.registered.wait()
    if not worker.stopping.is_set():
        retry_until_available(act, worker.stopping)
