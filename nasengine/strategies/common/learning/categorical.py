"""Categorical distributions: drawing from them, their entropy and its gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Factor by which the temperature rises with every draw that repeats a seen architecture.
TEMPERATURE_GROWTH = 1.1


def draw(rng: np.random.Generator, probabilities: np.ndarray) -> int:
    """Draw an index by its probability; an index of probability 0 is never drawn."""
    index = int(np.searchsorted(np.cumsum(probabilities), rng.random(), side="right"))
    # Rounding may leave the cumulative sum just below 1, and the draw beyond its end.
    while index >= len(probabilities) or probabilities[index] == 0:
        index -= 1
    return index


def entropy(probabilities: np.ndarray) -> float:
    """Return the entropy in nats; 0 log 0 counts as 0."""
    positive = probabilities[probabilities > 0]
    return float(-(positive * np.log(positive)).sum())


def negative_entropy_gradient(probabilities: np.ndarray) -> np.ndarray:
    """Return the gradient of the negative entropy with respect to the logits."""
    logs = np.log(np.where(probabilities > 0, probabilities, 1.0))
    return probabilities * (logs + entropy(probabilities))


def masked(logits: np.ndarray, allowed: Sequence[int]) -> np.ndarray:
    """Return the logits in float64 with -inf for every option that is not allowed."""
    mask = np.full(len(logits), -np.inf)
    mask[list(allowed)] = 0.0
    return logits + mask
