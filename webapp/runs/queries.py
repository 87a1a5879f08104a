"""Reading runs: lists, counts, the best and the front. Nothing here writes."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Prefetch, Q, QuerySet
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Coalesce, Now

from nasengine.core.errors import EngineError
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from webapp.tables.services.materialise import materialise_table

from .models import (
    FINITE,
    WAITING_CANDIDATES,
    Candidate,
    CandidateState,
    Measurement,
    Run,
    RunState,
    WorkerSlot,
)
from .rows import row_of, run_row

VALUE_COLUMNS = ("objective", "value", "unit", "device", "method", "repetitions", "spread")
ROW_COLUMNS = (
    "number",
    "state",
    "reason",
    "parents",
    "origin",
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


def runs_of(team: Any, archived: bool = False) -> QuerySet[Run]:
    """The team's runs, newest first, without the heavy columns; drafts included."""
    runs = Run.objects.filter(team=team, archived_at__isnull=not archived)
    runs = runs.select_related("study", "created_by", "data_set", "space_version__space")
    return runs.defer("strategy_state", "view", "front")


def no_counts() -> dict[str, int]:
    """Every candidate state with 0."""
    return {str(state): 0 for state in CandidateState.values}


def counts_of_runs(ids: list[int]) -> dict[int, dict[str, int]]:
    """Run -> candidate state -> number, for many runs in one query."""
    counts = {run_id: no_counts() for run_id in ids}
    rows = Candidate.objects.filter(run_id__in=ids).order_by()
    for run_id, state, number in rows.values_list("run_id", "state").annotate(Count("id")):
        counts[run_id][state] = number
    return counts


def counts_of(run: Run) -> dict[str, int]:
    """Candidate state -> number; every state is there."""
    return counts_of_runs([run.pk])[run.pk]


def goals_of_run(run: Run) -> list[dict[str, Any]]:
    """The run's objectives as {name, unit, better}, in the order they were named.

    An objective this version no longer knows is listed with an empty unit, so that an
    old run can still be read.
    """
    try:
        materialise_table(run.spec)
        goals = assembly.goals_of(SearchSpec.from_json(run.spec))
    except EngineError:
        names = run.spec["objectives"]
        return [{"name": name, "unit": "", "better": "lower"} for name in names]
    return [{"name": g.name, "unit": g.unit, "better": g.better} for g in goals]


def row_of_run(run: Run) -> dict[str, Any]:
    """The run's row with its counts and goals: one query."""
    return run_row(run, counts_of(run), goals_of_run(run))


def with_measurements(candidates: QuerySet[Candidate]) -> QuerySet[Candidate]:
    """The candidates with what `candidate_row` reads, two queries for any number."""
    slim = Measurement.objects.defer("detail")
    return candidates.prefetch_related(Prefetch("measurements", queryset=slim))


def lean_candidates(candidates: QuerySet[Candidate]) -> QuerySet[Candidate]:
    """The same without proposal and curve; of the curve its last point alone."""
    lean = candidates.defer("proposal", "curve").annotate(last_point=KeyTransform("-1", "curve"))
    return with_measurements(lean)


def candidate_rows(run: Run) -> list[dict[str, Any]]:
    """The rows of all candidates by number; two queries, and no model objects in between.

    Ten thousand candidates take about half a second.
    """
    measured: dict[int, list[Any]] = defaultdict(list)
    slim = Measurement.objects.filter(candidate__run=run).order_by("candidate_id", "objective")
    for measurement in slim.values_list("candidate_id", *VALUE_COLUMNS, named=True):
        measured[measurement.candidate_id].append(measurement)
    lean = run.candidates.order_by("number").annotate(last_point=KeyTransform("-1", "curve"))
    rows = lean.values_list("pk", "last_point", *ROW_COLUMNS, named=True)
    return [row_of(row, measured[row.pk], row.last_point or {}) for row in rows]


def best_of(run: Run) -> Candidate | None:
    """The done candidate that is best in the first objective.

    Of equals the one that is better in the next, then the earlier: so it is on the front.
    Where none keeps the constraints, the least violating one; its `violation` says so.
    """
    goals = goals_of_run(run)
    done = Measurement.objects.filter(
        FINITE, candidate__run=run, candidate__state=CandidateState.DONE
    )
    ranked = done.filter(objective=goals[0]["name"]).annotate(
        excess=Coalesce("candidate__violation", 0.0), rank=F("value") * _sign(goals[0])
    )
    first = ranked.order_by("excess", "rank").values("excess", "rank").first()
    if first is None:
        return None
    equals = ranked.filter(**first).values("candidate")
    values: dict[int, dict[str, float]] = defaultdict(dict)
    for pk, objective, value in done.filter(candidate__in=equals).values_list(
        "candidate_id", "objective", "value"
    ):
        values[pk][objective] = value
    numbers = Candidate.objects.filter(pk__in=values).values_list("pk", "number")
    best, _ = min(numbers, key=lambda one: (*_oriented(values[one[0]], goals), one[1]))
    return with_measurements(Candidate.objects.filter(pk=best)).get()


def _sign(goal: dict[str, Any]) -> float:
    return 1.0 if goal["better"] == "lower" else -1.0


def _oriented(values: dict[str, float], goals: list[dict[str, Any]]) -> list[float]:
    """The values in the order of the goals, less being better; a missing one is the worst."""
    return [
        _sign(goal) * values[goal["name"]] if goal["name"] in values else float("inf")
        for goal in goals
    ]


def front_of(run: Run) -> list[Candidate]:
    """The candidates on the front, by the first objective's number of asking."""
    numbers = run.front.get("numbers", [])
    return list(with_measurements(run.candidates.filter(number__in=numbers)).order_by("number"))


def live_slots(role: str | None = None) -> QuerySet[WorkerSlot]:
    """Worker processes that gave a sign of life within the time of a lease."""
    silent_for = Now() - settings.LEASE_LENGTH
    slots = WorkerSlot.objects.filter(stopped_at=None, last_seen__gt=silent_for)
    return slots.filter(role=role) if role else slots


def waiting_of_queues() -> dict[str, int]:
    """Queue -> candidates of moving runs that no worker has taken yet."""
    waiting = Candidate.objects.filter(state__in=WAITING_CANDIDATES, run__state=RunState.RUNNING)
    return dict(waiting.order_by().values_list("queue").annotate(number=Count("id")))


def queues_without_workers() -> list[str]:
    """Queues on which candidates wait though no living worker serves them."""
    served = {queue for slot in live_slots("evaluation") for queue in slot.queues}
    return sorted(set(waiting_of_queues()) - served)


def active_runs(team: Any) -> QuerySet[Run]:
    """The team's runs that have not ended, newest first."""
    return runs_of(team).filter(Q(state__in=BUSY_RUNS))
