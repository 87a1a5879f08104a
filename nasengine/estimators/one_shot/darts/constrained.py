"""Derivation of DARTS under constraints on cheap costs.

Discretisation takes the strongest operations, whatever they cost. If that architecture violates
a constraint, noise of growing size is added to the alphas (Gumbel noise, which samples from their
softmax) until discretisation gives architectures that meet the constraints; the supernet decides
between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ....core.architecture import Architecture
from ....core.seeds import generator
from ....core.space import Space
from ..common.feasible import feasible
from ..common.supernet import Supernet

FINALISTS = 10
FIRST_NOISE, NOISE_GROWTH = 0.05, 1.02


def replaced(
    supernet: Supernet, architectures: list[Architecture], alphas: Mapping[str, Any] | None
) -> list[Architecture]:
    """Return the architectures with each one that violates a constraint replaced.

    Args:
        supernet: The trained supernet.
        architectures: The derived architecture, then random ones for comparison.
        alphas: The alphas that the first one was derived from; None if unknown.
    """
    evaluation = supernet.evaluation
    costs, space = evaluation.costs, evaluation.space
    if costs is None or not costs.constraints:
        return architectures
    rng = generator(supernet.note["seed"], "constrained", supernet.epoch)
    derived, *random = architectures
    if costs.violation(derived) and alphas is not None:
        draws = _noisy(space, alphas, rng)
        derived = _best_scored(supernet, feasible(evaluation, draws, FINALISTS, 1, rng)) or derived
    samples = iter(lambda: space.sample(rng), None)
    return [
        derived,
        *(
            next(iter(feasible(evaluation, samples, 1, 1, rng)), architecture)
            if costs.violation(architecture)
            else architecture
            for architecture in random
        ),
    ]


def _noisy(
    space: Space, alphas: Mapping[str, Any], rng: np.random.Generator
) -> Iterator[Architecture]:
    """Yield discretisations of the alphas with Gumbel noise of growing size."""
    size = FIRST_NOISE
    while True:
        noisy = {
            name: (np.asarray(rows) + size * rng.gumbel(size=np.shape(rows))).tolist()
            for name, rows in alphas.items()
        }
        yield space.discretise(noisy)
        size *= NOISE_GROWTH


def _best_scored(supernet: Supernet, architectures: list[Architecture]) -> Architecture | None:
    """Return the architecture with the lowest supernet error; the first of equals."""
    choices, feed = supernet.evaluation.space.choices, supernet.feed
    unique = list(dict.fromkeys(architectures))
    if not unique:
        return None
    return min(unique, key=lambda a: feed.score(supernet.network, choices(a)).value)
