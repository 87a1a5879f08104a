"""When a search with relaxed operations stops before skip connections take over.

RobustDARTS (1909.09656) stops when the dominant eigenvalue of the Hessian of the validation loss
with respect to the alphas grows: its mean over a window, compared with that of four epochs
earlier. DARTS+ (1909.06035) counts the skip connections of the cell that would be derived now.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..common.skip_connections import SKIPS

GROWTH = 1.3
WINDOW = 5  # epochs
LOOKBACK = 4  # epochs
MIN_EPOCHS = 10  # before this epoch the search never stops


def eigenvalue_grows(eigenvalues: Sequence[tuple[int, float]]) -> bool:
    """Return whether the mean of the latest window is over 1.3 times that of 4 epochs earlier.

    Args:
        eigenvalues: (epoch, eigenvalue) in the order of epochs; epochs may be missing.
            Absolute values are compared, since a negative curvature counts as well.
    """
    if not eigenvalues or eigenvalues[-1][0] + 1 < MIN_EPOCHS:
        return False
    now = _window_mean(eigenvalues, eigenvalues[-1][0])
    before = _window_mean(eigenvalues, eigenvalues[-1][0] - LOOKBACK)
    return now is not None and before is not None and now > GROWTH * before


def _window_mean(eigenvalues: Sequence[tuple[int, float]], end: int) -> float | None:
    within = [abs(value) for epoch, value in eigenvalues if end - WINDOW < epoch <= end]
    return sum(within) / len(within) if within else None


def learns_nothing(operations: Sequence[str]) -> bool:
    """Return whether no operation has weights: pooling, skip connections and `none` have none."""
    return all(op in SKIPS or op == "none" or "pool" in op for op in operations)
