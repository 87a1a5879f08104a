"""The engine's Outcome of a stored candidate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from nasengine.core.measurement import Measurement as Measured
from nasengine.core.measurement import Method
from nasengine.core.outcome import Outcome, OutcomeState, TrainingProgress
from webapp.runs.models import Candidate, Measurement


def outcome_of(candidate: Candidate, measurements: Iterable[Measurement] | None = None) -> Outcome:
    """Return the Outcome of an ended candidate.

    Args:
        candidate: the ended candidate; prefetch its `measurements`.
        measurements: its measurements if they are not stored yet.
    """
    if measurements is None:
        measurements = candidate.measurements.all()
    return Outcome(
        number=candidate.number,
        state=cast(OutcomeState, candidate.state),
        measurements=tuple(
            Measured(
                objective=m.objective,
                value=m.value,
                unit=m.unit,
                device=m.device or None,
                method=cast(Method, m.method),
                repetitions=m.repetitions,
                spread=m.spread,
            )
            for m in sorted(measurements, key=lambda m: m.objective)
        ),
        reason=candidate.reason,
        epochs=candidate.epochs,
        findings=candidate.findings,
        seconds=candidate.seconds,
        gpu_seconds=candidate.gpu_seconds,
        training=TrainingProgress.from_json(candidate.training),
    )
