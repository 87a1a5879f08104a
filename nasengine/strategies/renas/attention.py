"""Additive attention over a sequence: score = v . tanh(q + k), as in ENAS and RENAS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Attention:
    """The scores n, and the n x h activations that their gradient needs."""

    scores: np.ndarray
    activations: np.ndarray


def attend(vector: np.ndarray, query: np.ndarray, keys: np.ndarray) -> Attention:
    """Return the scores n of a query h and keys n x h under the vector h."""
    activations = np.tanh(query + keys)
    return Attention(activations @ vector, activations)


def attend_backward(
    vector: np.ndarray, attention: Attention, d_scores: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Backpropagate the gradient n of the scores.

    Returns:
        The gradients of the vector (h) and of query + keys (n x h). The query's gradient is
        the sum of the latter over the rows.
    """
    d_sum = np.outer(d_scores, vector) * (1 - attention.activations**2)
    return d_scores @ attention.activations, d_sum
