"""Ranks with ties, and Spearman's rank correlation."""

from __future__ import annotations

import numpy as np


def average_ranks(values: np.ndarray) -> np.ndarray:
    """Return the ranks of n numbers, from 1; equal numbers share the mean of their ranks."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[group]


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float | None:
    """Return Spearman's rho of n pairs; None if n < 3 or all numbers of one side are equal."""
    if len(first) < 3:
        return None
    first_ranks, second_ranks = average_ranks(first), average_ranks(second)
    if np.ptp(first_ranks) == 0 or np.ptp(second_ranks) == 0:
        return None
    return float(np.corrcoef(first_ranks, second_ranks)[0, 1])
