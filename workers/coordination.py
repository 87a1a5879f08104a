"""Advancing runs, and the periodic sweep after crashes and lost messages."""

from __future__ import annotations

import logging
import threading
import time

from webapp.architectures.services.checks import request_due_checks
from webapp.common.messages import (
    ADVANCE,
    IMPORT_TABLES,
    Announcement,
    send,
)
from webapp.common.queue_names import COORDINATOR_QUEUE
from webapp.compare.histories import store_histories
from webapp.fleet.queues import waiting_queues
from webapp.jobs import services as jobs
from webapp.notices.services.deliver import due, start_delivering
from webapp.notices.services.dispatch import dispatch_all
from webapp.notices.services.watch import watch
from webapp.predictors.services.due import request_due_fits
from webapp.runs.models import Run
from webapp.runs.queries import served_queues
from webapp.runs.services import device_waits
from webapp.runs.services.advance import advance_run, fail_run
from webapp.runs.services.lookups import SLICE_SECONDS
from webapp.runs.services.notifications import wake_workers
from webapp.runs.services.reaper import reap
from webapp.runs.services.sweep import runs_to_advance
from webapp.studies.services.stopping import stop_decided

from .database_retry import CONNECTION_ERRORS
from .imports import imports_wait

log = logging.getLogger(__name__)
CATALOGUE_SECONDS = 600  # how often entries are looked for that are due for their check
FITS_SECONDS = 30  # how often predictors are looked for that have new measurements or networks
HISTORY_SECONDS = 0.5  # of each sweep, for the histories of ended runs
TURN_SECONDS = 30.0  # after which a run's next turn counts as lost


class Turns:
    """Runs with more table lookups, which go on in turn: each waits for a message of its own.

    Any number of messages may ask to advance such a run; only the one for its next turn does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, float] = {}  # run -> since when its next turn is announced

    def is_waiting(self, run_id: int) -> bool:
        """Return whether the next turn of a run has been announced and is still to come."""
        with self._lock:
            since = self._waiting.get(run_id)
            return since is not None and time.monotonic() < since + TURN_SECONDS

    def begin(self, run_id: int) -> None:
        """Record that the run has its turn."""
        with self._lock:
            self._waiting.pop(run_id, None)

    def announce(self, run_id: int) -> None:
        """Announce the next turn of the run, behind what other runs have announced."""
        with self._lock:
            self._waiting[run_id] = time.monotonic()
        send(Announcement(ADVANCE, COORDINATOR_QUEUE, (run_id,), {"is_next_turn": True}))


turns = Turns()  # one per process
_catalogue_due = _fits_due = 0.0


def advance(run_id: int, is_next_turn: bool = False, seconds: float = SLICE_SECONDS) -> None:
    """Advance a run; one that fails must not block the others.

    Args:
        run_id: the key of the run.
        is_next_turn: the message announced the next turn of a run of table lookups.
        seconds: about how long it may look up candidates.
    """
    if not is_next_turn and turns.is_waiting(run_id):
        return
    turns.begin(run_id)
    if _advance(run_id, seconds):
        turns.announce(run_id)


def _advance(run_id: int, seconds: float) -> bool:
    try:
        return advance_run(run_id, seconds)
    except CONNECTION_ERRORS:
        raise
    except Run.DoesNotExist:
        log.debug("run %s does not exist any more", run_id)
    except Exception as error:
        log.exception("run %s could not be advanced", run_id)
        fail_run(run_id, f"could not be advanced: {type(error).__name__}: {error}")
    return False


def notify() -> None:
    """Make notices of what happened, and start the deliveries that are due."""
    dispatch_all()
    if due().exists():
        start_delivering()


def sweep() -> None:
    """Requeue work of dead workers, advance runs that are behind, announce work that waits."""
    global _catalogue_due, _fits_due  # noqa: PLW0603  one per process
    reap()
    for model in jobs.job_models():
        jobs.reap(model)
    device_waits.sweep()
    stop_decided()
    for run_id in runs_to_advance():
        advance(run_id, seconds=0.0)
    store_histories(HISTORY_SECONDS)
    wake_workers(waiting_queues() & served_queues())
    watch()
    notify()
    if imports_wait():
        send(Announcement(IMPORT_TABLES, COORDINATOR_QUEUE))
    if time.monotonic() >= _fits_due:
        _fits_due = time.monotonic() + FITS_SECONDS
        request_due_fits()
    if time.monotonic() >= _catalogue_due:
        _catalogue_due = time.monotonic() + CATALOGUE_SECONDS
        request_due_checks()
