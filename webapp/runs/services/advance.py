"""Advancing a run: one ask-tell step with everything that follows from it, in one transaction."""

from __future__ import annotations

import logging

from django.db import transaction

from nasengine import catalog
from nasengine.core.errors import EngineError
from webapp.common.queue_names import CUDA_QUEUE, DEFAULT_QUEUE
from webapp.events.recorder import record, record_all
from webapp.runs.models import ENDED_RUNS, Candidate, Device, Run, RunState
from webapp.runs.objectives import computed_objectives
from webapp.tables.services.materialise import materialise_table

from .ask_tell import AskTellStep, StrategyFailed
from .cards import default_queue
from .front import extend_front
from .limits import end_waiting_beyond_limits
from .locking import locked_run
from .lookups import SLICE_SECONDS
from .notifications import wake_workers
from .record import record_candidates, record_log, record_run
from .states import fail, finish_transition, move

STEP_FIELDS = (
    "asked", "told", "pruned", "strategy_state", "epochs_state", "proxy_state", "parts", "view",
    "front", "retries_waiting", "retried", "steering",
)  # fmt: skip
log = logging.getLogger(__name__)


def advance_run(run_id: int, seconds: float = SLICE_SECONDS) -> bool:
    """Advance a run as far as it can go now. Safe to call twice, late or never.

    A strategy that raises fails the run with a reason of one line; the step is rolled back.

    Args:
        run_id: the key of the run; a run that has ended is left as it is.
        seconds: about how long a run may look up candidates before others get a turn.

    Returns:
        Whether the run can go on at once because its time was used up.
    """
    with locked_run(run_id) as run:
        if run.state in ENDED_RUNS:
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
    """Fail a run that could not be advanced because of an unexpected error."""
    with locked_run(run_id) as run:
        if run.state not in ENDED_RUNS:
            fail(run, reason)
            record_run(run)


def _advance(run: Run, seconds: float) -> tuple[bool, bool]:
    """Do one step. Return whether rows changed and whether the time was used up."""
    state_before = run.state
    try:
        materialise_table(run.spec)
    except EngineError as error:
        raise StrategyFailed(str(error)) from error
    if not run.objectives:  # launched by a version that did not store them
        run.objectives = computed_objectives(run)
        run.save(update_fields=["objectives"])
    end_waiting_beyond_limits(run)
    step = AskTellStep(run, seconds)
    step.go()
    if run.state == RunState.QUEUED:
        move(run, RunState.RUNNING)
    moved = step.parts is not None and step.parts.changed
    if step.told or step.asked or moved:
        _save(run, step)
    reason = None if run.state == RunState.STOPPING else step.finish_reason()
    if reason is not None:
        move(run, RunState.FINISHED, reason)
        record_log(run, "info", f"finished: {reason or f'{run.budget_used} candidates'}")
    else:
        finish_transition(run)
    changed = bool(step.told or step.asked) or moved or run.state != state_before
    return changed, step.unfinished and run.state not in ENDED_RUNS


def _save(run: Run, step: AskTellStep) -> None:
    """Store what the step did and record its events."""
    _mark_told(step)
    new = _store_asked(run, step)
    ended = [outcome for _, outcome in step.told]
    if step.parts:
        ended = step.parts.store()
        wake_workers(step.parts.queues)
    front_items = extend_front(run, ended)
    view = step.view()
    view_changed = view != run.view
    run.view = view
    run.strategy_state = step.state()
    if step.screen is not None:
        run.proxy_state = step.screen.state_dict()
    for candidate, switch in step.switches:
        state, level = ("on", "info") if switch.active else ("off", "warning")
        record_log(run, level, f"filter switched {state}: {switch.text}", candidate.number)
    run.save(update_fields=[*STEP_FIELDS])
    record_candidates(run, new)
    record_all(run, "front", front_items)
    if view_changed:
        record(run, "method", view)


def _mark_told(step: AskTellStep) -> None:
    """Mark the told candidates; those asked for in the same step are stored afterwards."""
    for candidate, _ in step.told:
        candidate.told = True
    told = [candidate.pk for candidate, _ in step.told if candidate.pk is not None]
    if told:
        Candidate.objects.filter(pk__in=told).update(told=True)


def _store_asked(run: Run, step: AskTellStep) -> list[int]:
    """Store the new candidates and their look-ups, or wake the workers; return their keys."""
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
    """Return the queue of the run's candidates: that of the device that it needs.

    It is the queue of the first device that an objective names and the database knows. Otherwise
    the estimator's setting `device` decides; with `auto` it is what the live workers have when
    the first candidate is stored, and stays so for the whole run. An estimator that builds no
    network, such as a table, needs no device: any worker can do it.
    """
    if not catalog.load("estimators", run.spec["estimator"]).builds_network:
        return DEFAULT_QUEUE
    names = [name.partition("@")[2] for name in run.spec["objectives"] if "@" in name]
    queues = dict(Device.objects.filter(name__in=names).values_list("name", "queue"))
    queue = next((queues[name] for name in names if name in queues), DEFAULT_QUEUE)
    return queue if queue != DEFAULT_QUEUE else _queue_of_setting(run)


def _queue_of_setting(run: Run) -> str:
    """Return the queue that the estimator's setting `device` means."""
    device = str(run.spec["estimator_config"].get("device") or "cpu").partition(":")[0]
    if device == "auto":
        earlier = run.candidates.order_by("number").values_list("queue", flat=True).first()
        return earlier or default_queue()
    return CUDA_QUEUE if device == "cuda" else DEFAULT_QUEUE
