"""Softmax over the places of a sequence: score = v . tanh(q + k), as ENAS and RENAS do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Attended:
    """Scores n, and what their gradient needs: squashed n x h."""

    scores: np.ndarray
    squashed: np.ndarray


def attend(vector: np.ndarray, query: np.ndarray, keys: np.ndarray) -> Attended:
    """vector h, query h, keys n x h -> n scores."""
    squashed = np.tanh(query + keys)
    return Attended(squashed @ vector, squashed)


def attend_back(
    vector: np.ndarray, seen: Attended, d_scores: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of the vector (h) and of query + keys (n x h; the query's is their sum)."""
    d_sum = np.outer(d_scores, vector) * (1 - seen.squashed**2)
    return d_scores @ seen.squashed, d_sum
