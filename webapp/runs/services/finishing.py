"""Ending a candidate: its state, reason, measurements and its place in the order of endings."""

from __future__ import annotations

import math
from collections.abc import Iterable

from django.db.models import Max
from django.db.models.functions import Now

from nasengine.core.measurement import Measurement as Measured
from nasengine.core.outcome import Outcome
from nasengine.pareto.orientation import measured_violation, violation
from webapp.events.clean import clean_json, clean_text
from webapp.limits import MAX_REASON
from webapp.runs.models import WAITING_CANDIDATES, Candidate, CandidateState, Measurement, Run
from webapp.runs.objectives import constraints_of

from .best import update_best
from .device_needs import cancel_unneeded
from .record import record_candidates, record_log

LOG_LEVELS: dict[str, str] = {CandidateState.FAILED: "error", CandidateState.DIVERGED: "warning"}


def store_measurements(candidate: Candidate, measurements: list[Measured]) -> None:
    """Store the values of a candidate; they replace those of an earlier part of its training."""
    if candidate.training and measurements:
        candidate.measurements.all().delete()
    rows = measurement_rows(measurements)
    for row in rows:
        row.candidate = candidate
    Measurement.objects.bulk_create(rows)


COST_FIELDS = ("epochs", "seconds", "gpu_seconds", "joules")


def set_cost(candidate: Candidate, outcome: Outcome) -> None:
    """Set what the evaluation cost, without saving it; a cost that is not finite is left out."""
    for name in COST_FIELDS:
        cost = getattr(outcome, name)
        if cost is not None and math.isfinite(cost):
            setattr(candidate, name, cost)


def end_candidate(
    run: Run,
    candidate: Candidate,
    state: CandidateState,
    reason: str = "",
    measurements: Iterable[Measured] = (),
) -> None:
    """End an open candidate of a locked run: store its measurements and record the event."""
    measurements = list(measurements)
    store_measurements(candidate, measurements)
    set_ending(run, candidate, state, reason, measurements)
    candidate.ended_order = next_order(run)
    if state == CandidateState.DONE:
        update_best(run, {candidate.number: {m.objective: m.value for m in measurements}})
    candidate.save(
        update_fields=[
            "state", "reason", "violation", "findings", "training", "ended_order", "ended_at",
            "lease_until",
            *COST_FIELDS,
        ]
    )  # fmt: skip
    record_candidates(run, [candidate.pk])
    if state in LOG_LEVELS:
        record_log(run, LOG_LEVELS[state], f"{state}: {candidate.reason}", candidate.number)


def set_ending(
    run: Run,
    candidate: Candidate,
    state: CandidateState,
    reason: str,
    measurements: list[Measured],
) -> None:
    """Set the fields of an ended candidate, except its `ended_order`, without saving it."""
    candidate.state = state
    candidate.reason = clean_text(reason)[:MAX_REASON]
    candidate.violation = violation_of(run, state, measurements)
    candidate.ended_at = Now()
    candidate.lease_until = None


def cancel_waiting(run: Run, reason: str) -> None:
    """Cancel every candidate of a locked run that no worker has claimed."""
    waiting = run.candidates.filter(state__in=WAITING_CANDIDATES).order_by("number")
    for candidate in waiting.defer("curve", "proposal"):
        end_candidate(run, candidate, CandidateState.CANCELLED, reason)
    cancel_unneeded(run, reason)


def next_order(run: Run) -> int:
    """Return the number of the next ending within a locked run."""
    newest = run.candidates.aggregate(newest=Max("ended_order"))["newest"]
    return 0 if newest is None else newest + 1


def violation_of(run: Run, state: CandidateState, measurements: list[Measured]) -> float | None:
    """Return the summed violation of the run's constraints; None if a value is missing.

    For a candidate that was not trained, it is the violation of the measured costs.
    """
    values = {m.objective: m.value for m in measurements}
    summed = measured_violation if state == CandidateState.PRUNED else violation
    total = summed(values, constraints_of(run))
    return total if values and math.isfinite(total) else None


def checked_ending(run: Run, outcome: Outcome) -> tuple[CandidateState, str, list[Measured]]:
    """Return state, reason and storable measurements of an outcome.

    Values that are not finite make the candidate diverged, an objective without a value makes it
    failed: neither may reach the best candidate, the front or an average.
    """
    checked = outcome.checked(run.spec["objectives"])
    return CandidateState(checked.state), checked.reason, list(checked.measurements)


def measurement_rows(measurements: Iterable[Measured]) -> list[Measurement]:
    """Return measurements as database rows that belong to no candidate yet."""
    return [
        Measurement(
            objective=m.objective,
            value=m.value,
            unit=m.unit,
            device=m.device or "",
            method=m.method,
            repetitions=m.repetitions,
            spread=m.spread if m.spread is not None and math.isfinite(m.spread) else None,
            detail=clean_json(m.detail),
        )
        for m in measurements
    ]
