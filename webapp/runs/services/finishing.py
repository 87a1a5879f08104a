"""How a candidate ends: state, reason, measurements, place in the order of endings."""

from __future__ import annotations

import math
from collections.abc import Iterable

from django.db.models import Max
from django.db.models.functions import Now

from nasengine.core.measurement import Measurement as Measured
from nasengine.core.objective import parse_constraint
from nasengine.core.outcome import Outcome
from webapp.events.clean import clean_json, clean_text
from webapp.runs.models import WAITING_CANDIDATES, Candidate, CandidateState, Measurement, Run

from .record import record_candidates, record_log

MAX_REASON = 500
LOUD = {CandidateState.FAILED: "error", CandidateState.DIVERGED: "warning"}


def end_candidate(
    run: Run,
    candidate: Candidate,
    state: CandidateState,
    reason: str = "",
    measurements: Iterable[Measured] = (),
) -> None:
    """Ends one open candidate of a locked run and records it, with the findings it has."""
    measurements = list(measurements)
    rows = measurement_rows(measurements)
    for row in rows:
        row.candidate = candidate
    Measurement.objects.bulk_create(rows)
    set_ending(run, candidate, state, reason, measurements)
    candidate.ended_order = next_order(run)
    candidate.save(
        update_fields=[
            "state", "reason", "violation", "findings", "ended_order", "ended_at", "lease_until",
        ]
    )  # fmt: skip
    record_candidates(run, [candidate.pk])
    if state in LOUD:
        record_log(run, LOUD[state], f"{state}: {candidate.reason}", candidate.number)


def set_ending(
    run: Run,
    candidate: Candidate,
    state: CandidateState,
    reason: str,
    measurements: list[Measured],
) -> None:
    """Puts an ending into a candidate, all but its place in the order; stores nothing."""
    candidate.state = state
    candidate.reason = clean_text(reason)[:MAX_REASON]
    candidate.violation = violation_of(run, measurements)
    candidate.ended_at = Now()
    candidate.lease_until = None


def cancel_waiting(run: Run, reason: str) -> None:
    """Cancels every candidate of a locked run that no worker holds."""
    waiting = run.candidates.filter(state__in=WAITING_CANDIDATES).order_by("number")
    for candidate in waiting.defer("curve", "proposal"):
        end_candidate(run, candidate, CandidateState.CANCELLED, reason)


def next_order(run: Run) -> int:
    """The number of the next ending within the run; its row is locked."""
    newest = run.candidates.aggregate(newest=Max("ended_order"))["newest"]
    return 0 if newest is None else newest + 1


def violation_of(run: Run, measurements: list[Measured]) -> float | None:
    """By how much the run's constraints are broken, summed; None where unknown."""
    values = {m.objective: m.value for m in measurements}
    constraints = [parse_constraint(text) for text in run.spec.get("constraints", [])]
    if not values or any(c.objective not in values for c in constraints):
        return None
    return sum(c.violation(values[c.objective]) for c in constraints)


def checked_ending(run: Run, outcome: Outcome) -> tuple[CandidateState, str, list[Measured]]:
    """State, reason and storable measurements of an outcome.

    A value that is not finite makes the candidate diverged; an objective without a value
    makes it failed: neither may reach best, front or average.
    """
    state, reason = CandidateState(outcome.state), outcome.reason
    finite = [m for m in outcome.measurements if math.isfinite(m.value)]
    if len(finite) < len(outcome.measurements):
        names = ", ".join(m.objective for m in outcome.measurements if not math.isfinite(m.value))
        return CandidateState.DIVERGED, reason or f"{names} left the finite numbers", finite
    missing = set(run.spec["objectives"]) - {m.objective for m in finite}
    if state == CandidateState.DONE and missing:
        return CandidateState.FAILED, f"no value for {', '.join(sorted(missing))}", finite
    if state not in (CandidateState.DONE, CandidateState.TRAINED) and not reason:
        reason = f"ended as {state} without a reason"
    return state, reason, finite


def measurement_rows(measurements: Iterable[Measured]) -> list[Measurement]:
    """Measurements as they are stored, of no candidate yet."""
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
