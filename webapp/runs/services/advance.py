"""Advancing a run: tell what ended, ask for what comes next, in one transaction."""

from __future__ import annotations

import logging

from django.db import transaction

from nasengine import catalog
from nasengine.core.errors import EngineError
from webapp.events.recorder import record, record_all
from webapp.runs.models import ENDED_RUNS, Candidate, Device, Run, RunState
from webapp.tables.services.materialise import lay_down

from .ask_tell import Fold, FoldFailed
from .front import grow
from .locking import locked_run
from .lookups import SLICE_SECONDS
from .notifications import wake_workers
from .record import tell_candidates, tell_log, tell_run
from .states import fail, move, settle

log = logging.getLogger(__name__)
ANYWHERE = "cpu"


def advance_run(run_id: int, seconds: float = SLICE_SECONDS) -> bool:
    """Brings a run as far as it can go now. Safe to call at any time, by anybody, twice.

    Where candidates are looked up it stops after about so many seconds; True then says that
    it can go on at once. A strategy that breaks fails its run, with one line for people as
    the reason; the fold is then as it was before.
    """
    with locked_run(run_id) as run:
        if run.state == RunState.DRAFT or run.state in ENDED_RUNS:
            return False
        try:
            with transaction.atomic():
                changed, unfinished = _advance(run, seconds)
        except FoldFailed as error:
            log.exception("run %s failed", run_id)
            run.refresh_from_db()
            fail(run, str(error))
            changed, unfinished = True, False
        if changed:
            tell_run(run)
        return unfinished


def give_up(run_id: int, reason: str) -> None:
    """Fails a run that cannot be advanced for a reason nobody foresaw."""
    with locked_run(run_id) as run:
        if run.state not in ENDED_RUNS:
            fail(run, reason)
            tell_run(run)


def _advance(run: Run, seconds: float) -> tuple[bool, bool]:
    """One pass of the fold with everything that follows from it.

    Returns whether rows changed and whether the pass was cut short.
    """
    state_before = run.state
    try:
        lay_down(run.spec)
    except EngineError as error:
        raise FoldFailed(str(error)) from error
    fold = Fold(run, seconds)
    fold.go()
    if run.state == RunState.QUEUED:
        move(run, RunState.RUNNING)
    if fold.told or fold.asked:
        _save(run, fold)
    if run.state != RunState.STOPPING and fold.finished():
        move(run, RunState.FINISHED)
        tell_log(run, "info", f"finished: {run.told} candidates")
    else:
        settle(run)
    changed = bool(fold.told or fold.asked) or run.state != state_before
    return changed, fold.unfinished and run.state not in ENDED_RUNS


def _save(run: Run, fold: Fold) -> None:
    _store_told(fold)
    new = _store_asked(run, fold)
    points = grow(run, [outcome for _, outcome in fold.told])
    view = fold.view()
    moved = view != run.view
    run.view = view
    run.strategy_state = fold.state()
    run.save(update_fields=["asked", "told", "strategy_state", "view", "front"])
    tell_candidates(run, new)
    record_all(run, "front", points)
    if moved:
        record(run, "method", view)


def _store_told(fold: Fold) -> None:
    """Marks what was told; of those asked for in the same pass nothing is stored yet."""
    for candidate, _ in fold.told:
        candidate.told = True
    told = [candidate.pk for candidate, _ in fold.told if candidate.pk is not None]
    if told:
        Candidate.objects.filter(pk__in=told).update(told=True)


def _store_asked(run: Run, fold: Fold) -> list[int]:
    if not fold.asked:
        return []
    queue = _queue_of(run)
    for candidate in fold.asked:
        candidate.queue = queue
    Candidate.objects.bulk_create(fold.asked)
    if fold.look_ups:
        fold.look_ups.store(fold.asked)
    else:
        wake_workers([queue])
    return [candidate.pk for candidate in fold.asked]


def _queue_of(run: Run) -> str:
    """The queue of the first device that an objective names and the database knows.

    Where nothing is built, as in a table, nothing is measured on a device either: any worker
    can look it up.
    """
    if not catalog.load("estimators", run.spec["estimator"]).builds_network:
        return ANYWHERE
    names = [name.partition("@")[2] for name in run.spec["objectives"] if "@" in name]
    queues = dict(Device.objects.filter(name__in=names).values_list("name", "queue"))
    return next((queues[name] for name in names if name in queues), ANYWHERE)
