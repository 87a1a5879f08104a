"""Ranks with ties, and Spearman's correlation of them."""

from __future__ import annotations

import numpy as np


def average_ranks(values: np.ndarray) -> np.ndarray:
    """n numbers -> their ranks from 1, equal ones sharing the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float | None:
    """Spearman's rho of n pairs; None where it is not defined (n < 3, or all equal)."""
    if len(first) < 3:
        return None
    one, other = average_ranks(first), average_ranks(second)
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(np.corrcoef(one, other)[0, 1])
