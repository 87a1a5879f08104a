"""Advancing a run: tell what ended, ask for what comes next, in one transaction."""

from __future__ import annotations

import logging

from django.db import transaction

from nasengine import catalog
from nasengine.core.errors import EngineError
from webapp.events.recorder import record, record_all
from webapp.runs.models import ENDED_RUNS, Candidate, Device, Run, RunState
from webapp.tables.services.materialise import materialise_table

from .ask_tell import AskTellStep, StrategyFailed
from .front import grow
from .locking import locked_run
from .lookups import SLICE_SECONDS
from .notifications import wake_workers
from .record import record_candidates, record_log, record_run
from .states import fail, finish_transition, move

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
        except StrategyFailed as error:
            log.exception("run %s failed", run_id)
            run.refresh_from_db()
            fail(run, str(error))
            changed, unfinished = True, False
        if changed:
            record_run(run)
        return unfinished


def fail_run(run_id: int, reason: str) -> None:
    """Fails a run that cannot be advanced for a reason nobody foresaw."""
    with locked_run(run_id) as run:
        if run.state not in ENDED_RUNS:
            fail(run, reason)
            record_run(run)


def _advance(run: Run, seconds: float) -> tuple[bool, bool]:
    """One pass of the fold with everything that follows from it.

    Returns whether rows changed and whether the pass was cut short.
    """
    state_before = run.state
    try:
        materialise_table(run.spec)
    except EngineError as error:
        raise StrategyFailed(str(error)) from error
    step = AskTellStep(run, seconds)
    step.go()
    if run.state == RunState.QUEUED:
        move(run, RunState.RUNNING)
    if step.told or step.asked:
        _save(run, step)
    if run.state != RunState.STOPPING and step.finished():
        move(run, RunState.FINISHED)
        record_log(run, "info", f"finished: {run.told} candidates")
    else:
        finish_transition(run)
    changed = bool(step.told or step.asked) or run.state != state_before
    return changed, step.unfinished and run.state not in ENDED_RUNS


def _save(run: Run, step: AskTellStep) -> None:
    _store_told(step)
    new = _store_asked(run, step)
    points = grow(run, [outcome for _, outcome in step.told])
    view = step.view()
    moved = view != run.view
    run.view = view
    run.strategy_state = step.state()
    run.save(update_fields=["asked", "told", "strategy_state", "view", "front"])
    record_candidates(run, new)
    record_all(run, "front", points)
    if moved:
        record(run, "method", view)


def _store_told(step: AskTellStep) -> None:
    """Marks what was told; of those asked for in the same pass nothing is stored yet."""
    for candidate, _ in step.told:
        candidate.told = True
    told = [candidate.pk for candidate, _ in step.told if candidate.pk is not None]
    if told:
        Candidate.objects.filter(pk__in=told).update(told=True)


def _store_asked(run: Run, step: AskTellStep) -> list[int]:
    if not step.asked:
        return []
    queue = _queue_of(run)
    for candidate in step.asked:
        candidate.queue = queue
    Candidate.objects.bulk_create(step.asked)
    if step.lookups:
        step.lookups.store(step.asked)
    else:
        wake_workers([queue])
    return [candidate.pk for candidate in step.asked]


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
