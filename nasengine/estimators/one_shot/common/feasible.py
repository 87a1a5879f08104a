"""Architectures that meet the constraints on cheap costs, for scoring with a supernet."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ....core.architecture import Architecture
from ....core.estimator import Evaluation

DRAWS_PER_SAMPLE = 50
MAX_DRAWS = 5000
REPAIR_STEPS = 1000


def feasible(
    evaluation: Evaluation,
    draws: Iterator[Architecture],
    count: int,
    needed: int,
    rng: np.random.Generator,
) -> list[Architecture]:
    """Return the first `count` draws that meet the constraints on cheap costs.

    The number of draws is bounded. If fewer than `needed` different ones meet the constraints,
    the draws with the smallest violations are repaired: mutations that lower the violation are
    kept, until none is left. Without constraints the first `count` draws are returned unchanged.
    """
    costs = evaluation.costs
    if costs is None or not costs.constraints:
        return [next(draws) for _ in range(count)]
    kept: list[Architecture] = []
    violating: dict[Architecture, float] = {}
    for _ in range(min(DRAWS_PER_SAMPLE * count, MAX_DRAWS)):
        architecture = next(draws)
        excess = costs.violation(architecture)
        if excess:
            violating[architecture] = excess
        else:
            kept.append(architecture)
        if len(kept) >= count:
            return kept
    nearest = sorted(violating, key=lambda architecture: violating[architecture])
    for architecture in nearest:
        if len(set(kept)) >= needed:
            break
        repaired = repair(evaluation, architecture, rng)
        if repaired is not None:
            kept.append(repaired)
    return kept


def repair(
    evaluation: Evaluation, architecture: Architecture, rng: np.random.Generator
) -> Architecture | None:
    """Return an architecture that meets the constraints, reached by mutations.

    A mutation is kept if it does not raise the violation. None after 1,000 mutations in vain, or
    in a space without mutation.
    """
    space, costs = evaluation.space, evaluation.costs
    if costs is None or "mutate" not in space.capabilities:
        return None
    excess = costs.violation(architecture)
    for _ in range(REPAIR_STEPS):
        if not excess:
            return architecture
        mutant = space.mutate(architecture, rng)
        if (violation := costs.violation(mutant)) <= excess:
            architecture, excess = mutant, violation
    return None
