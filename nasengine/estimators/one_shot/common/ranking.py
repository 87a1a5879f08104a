"""Ranking of architectures by their supernet scores: all quickly, the best completely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....core.architecture import Architecture
from ....pareto.orientation import oriented
from ....pareto.selection import survivors
from .supernet import Supernet, rounded

QUICK_SCORE = 512  # images or words
FINALISTS = 10


def rank(supernet: Supernet, architectures: Sequence[Architecture], count: int) -> dict[str, Any]:
    """Return {"genomes", "errors"} of the best `count` different architectures, lowest error first.

    All architectures are scored on the start of the valid part, the finalists on all of it. With
    cheap costs among the objectives, finalists and best are those that survive by rank and
    crowding distance over error and costs: the front, whose ends are kept.
    """
    space, feed, network = supernet.evaluation.space, supernet.feed, supernet.network
    unique = list({architecture.canonical: architecture for architecture in architectures}.values())
    quick = [feed.score(network, space.choices(a), QUICK_SCORE).value for a in unique]
    finalists = [unique[i] for i in _best(supernet, unique, quick, max(FINALISTS, count))]
    complete = [feed.score(network, space.choices(a)).value for a in finalists]
    best = _best(supernet, finalists, complete, count)
    return {
        "genomes": [finalists[i].genome for i in best],
        "errors": [rounded(complete[i]) for i in best],
    }


def _best(
    supernet: Supernet, architectures: Sequence[Architecture], errors: Sequence[float], count: int
) -> list[int]:
    """Return the positions of the `count` best architectures, lowest error first."""
    costs = supernet.evaluation.costs
    goals = costs.goals if costs is not None else ()
    order = _ascending(errors)
    if costs is None or not goals or len(order) <= count:
        return order[:count]
    points = oriented([costs.values(architecture) for architecture in architectures], goals)
    kept = survivors(np.column_stack([errors, points]), np.zeros(len(errors)), count)
    return [position for position in order if position in set(kept.tolist())]


def _ascending(values: Sequence[float]) -> list[int]:
    """Return the positions of the values in ascending order, ties in their original order."""
    return sorted(range(len(values)), key=lambda i: (values[i], i))
