"""Ended candidates that a strategy learns from or selects among."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...core.objective import Constraint, Goal
from ...core.outcome import Outcome
from ...pareto.orientation import measured_violation, oriented, violation


def point_and_violation(
    outcome: Outcome, goals: Sequence[Goal], constraints: Sequence[Constraint]
) -> tuple[tuple[float, ...], float] | None:
    """Return the point of an ended candidate and its violation of the constraints.

    Returns:
        One number per objective, lower is better, and the violation. A candidate that was not
        trained because it violates a constraint has NaN for values that were not measured. None
        if the candidate ended otherwise, or is done without a finite value for every objective.
    """
    point = tuple(oriented([outcome.values], goals)[0].tolist())
    if outcome.state == "done" and all(map(math.isfinite, point)):
        return point, violation(outcome.values, constraints)
    if outcome.state == "pruned" and (excess := measured_violation(outcome.values, constraints)):
        return point, excess
    return None
