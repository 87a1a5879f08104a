"""Features of the beginning of a learning curve, as in Baker et al. (1705.10823)."""

from __future__ import annotations

import numpy as np

TINY = 1e-9  # avoids the logarithm of 0


def curve_features(curves: np.ndarray, facts: np.ndarray) -> np.ndarray:
    """Return one row of features for each curve.

    The features are the values so far, their first and second differences, mean and standard
    deviation, and the facts and their logarithms.

    Args:
        curves: n x t, the values after epochs 1 to t.
        facts: n x k, architecture parameters and hyperparameters (parameters, depth, learning
            rate); k may be 0.
    """
    first = np.diff(curves, axis=1)
    second = np.diff(first, axis=1)
    logarithms = np.log(np.maximum(np.abs(facts), TINY))
    summary = np.column_stack([curves.mean(axis=1), curves.std(axis=1)])
    return np.hstack([curves, first, second, summary, facts, logarithms])
