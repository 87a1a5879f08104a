"""Categorical distributions: drawing from one, and its entropy."""

from __future__ import annotations

import numpy as np


def pick(rng: np.random.Generator, chances: np.ndarray) -> int:
    """An index drawn by its chance; one that has none is never drawn."""
    drawn = int(np.searchsorted(np.cumsum(chances), rng.random(), side="right"))
    while drawn >= len(chances) or chances[drawn] == 0:
        drawn -= 1  # what rounding leaves at the end of the cumulative sum
    return drawn


def entropy_of(chances: np.ndarray) -> float:
    """In nats; 0 log 0 is 0."""
    known = chances[chances > 0]
    return float(-(known * np.log(known)).sum())


def minus_entropy_gradient(chances: np.ndarray) -> np.ndarray:
    """The gradient of minus the entropy with respect to the scores."""
    logs = np.log(np.where(chances > 0, chances, 1.0))
    return chances * (logs + entropy_of(chances))
