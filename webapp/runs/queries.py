"""Reading runs: lists, counts, the best candidate, workers. Nothing here writes."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Now

from webapp.accounts.models import Team

from .models import (
    ENDED_RUNS,
    Candidate,
    CandidateState,
    Measurement,
    Run,
    RunState,
    WorkerDrain,
    WorkerSlot,
)
from .objectives import goals_of_run
from .rows import row_of, run_row

VALUE_COLUMNS = ("objective", "value", "unit", "device", "method", "repetitions", "spread")
ROW_COLUMNS = (
    "number",
    "state",
    "reason",
    "parents",
    "origin",
    "retry_of",
    "architecture_id",
    "violation",
    "attempts",
    "ended_order",
    "started_at",
    "ended_at",
)
BUSY_RUNS = (
    RunState.QUEUED,
    RunState.RUNNING,
    RunState.PAUSING,
    RunState.PAUSED,
    RunState.STOPPING,
)


MAX_REMEMBERED = 2000  # runs
_remembered: dict[tuple[int, datetime, int], dict[str, int]] = {}

STATE_COLUMNS = ("strategy_state", "epochs_state", "proxy_state")  # they grow with the run
LARGE_COLUMNS = (
    *STATE_COLUMNS,
    "view",
    "front",
    "data_report",
    "environment",
    "data_set__config",
    "data_set__facts",
    "space_version__config",
    "study__plan",
)


def runs_of(team: Team | None, archived: bool = False) -> QuerySet[Run]:
    """Return the team's runs, newest first, without the large columns."""
    runs = Run.objects.filter(team=team, archived_at__isnull=not archived)
    runs = runs.select_related("study", "created_by", "data_set__uploaded", "space_version__space")
    return runs.defer(*LARGE_COLUMNS)


def no_counts() -> dict[str, int]:
    """Return every candidate state with the count 0."""
    return {str(state): 0 for state in CandidateState.values}


def counts_of_runs(ids: list[int]) -> dict[int, dict[str, int]]:
    """Count the candidates of many runs by state, in one query."""
    counts = {run_id: no_counts() for run_id in ids}
    rows = Candidate.objects.filter(run_id__in=ids).order_by()
    for run_id, state, number in rows.values_list("run_id", "state").annotate(number=Count("*")):
        counts[run_id][state] = number
    return counts


def counts_of_rows(runs: list[Run]) -> dict[int, dict[str, int]]:
    """Count the candidates of the runs of a list by state, in one query at most.

    Candidates of a run that has ended change only with events, so its counts are remembered by the
    number of the last one: counting a hundred thousand candidates takes 30 ms.
    """
    keys = {run.pk: (run.pk, run.created_at, run.seq) for run in runs}
    found = {pk: _remembered[key] for pk, key in keys.items() if key in _remembered}
    missing = [run for run in runs if run.pk not in found]
    counted = counts_of_runs([run.pk for run in missing]) if missing else {}
    for run in missing:
        if run.state in ENDED_RUNS:
            _remembered[keys[run.pk]] = counted[run.pk]
    if len(_remembered) > MAX_REMEMBERED:
        _remembered.clear()
    return found | counted


def counts_of(run: Run) -> dict[str, int]:
    """Count the candidates of a run by state; every state is a key."""
    return counts_of_runs([run.pk])[run.pk]


def row_of_run(run: Run) -> dict[str, Any]:
    """Return the run's row with its counts and objectives: one query."""
    return run_row(run, counts_of(run), goals_of_run(run))


def with_measurements(candidates: QuerySet[Candidate]) -> QuerySet[Candidate]:
    """Add the measurements that `candidate_row` reads: two queries for any number."""
    slim = Measurement.objects.defer("detail")
    return candidates.prefetch_related(Prefetch("measurements", queryset=slim))


def lean_candidates(candidates: QuerySet[Candidate]) -> QuerySet[Candidate]:
    """The same without proposal and curve; of the curve only its last point."""
    lean = candidates.defer("proposal", "curve").annotate(last_point=KeyTransform("-1", "curve"))
    return with_measurements(lean)


def candidate_rows(run: Run) -> list[dict[str, Any]]:
    """Return the rows of all candidates by number: two queries, without model objects.

    Ten thousand candidates take about half a second.
    """
    measured: dict[int, list[Any]] = defaultdict(list)
    slim = Measurement.objects.filter(candidate__run=run).order_by("candidate_id", "objective")
    for measurement in slim.values_list("candidate_id", *VALUE_COLUMNS, named=True):
        measured[measurement.candidate_id].append(measurement)
    lean = run.candidates.order_by("number").annotate(last_point=KeyTransform("-1", "curve"))
    rows = lean.values_list("pk", "last_point", *ROW_COLUMNS, named=True)
    return [row_of(row, run.spec, measured[row.pk], row.last_point or {}) for row in rows]


def best_of(run: Run) -> Candidate | None:
    """Return the best candidate with its measurements; its `violation` may be positive."""
    if run.best is None:
        return None
    return with_measurements(run.candidates.filter(number=run.best)).first()


def live_slots(role: str | None = None) -> QuerySet[WorkerSlot]:
    """Return the worker processes whose last heartbeat is at most one lease old."""
    oldest = Now() - settings.LEASE_LENGTH
    slots = WorkerSlot.objects.filter(stopped_at=None, last_seen__gt=oldest)
    return slots.filter(role=role) if role else slots


def serving_slots() -> QuerySet[WorkerSlot]:
    """Return the live workers that take new work: those that are not drained."""
    drained = WorkerDrain.objects.filter(name=OuterRef("name"))
    return live_slots("evaluation").filter(~Exists(drained))


def served_queues() -> set[str]:
    """Return the queues whose work a live worker takes."""
    return {queue for slot in serving_slots() for queue in slot.queues}


def active_runs(team: Team) -> QuerySet[Run]:
    """Return the team's runs that have not ended, newest first."""
    return runs_of(team).filter(state__in=BUSY_RUNS)
