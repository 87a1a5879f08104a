"""When a search with relaxed operations should end before its skip connections take over.

RobustDARTS (1909.09656) stops where the dominant eigenvalue of the Hessian of the validation loss
by the architecture grows: its mean over a window against that of four epochs earlier. DARTS+
(1909.06035) counts the skip connections of the cell that would be derived now.
"""

from __future__ import annotations

from collections.abc import Sequence

GROWTH = 1.3
WINDOW = 5  # epochs
BACK = 4  # epochs
FIRST = 10  # epochs before anything is decided
SKIPS = frozenset({"skip_connect", "identity"})


def eigenvalue_grows(values: Sequence[tuple[int, float]]) -> bool:
    """Whether the latest window's mean is more than 1.3 times that of four epochs earlier.

    `values` are (epoch, eigenvalue) in the order of epochs, measured every so often. Their sizes
    are compared, since a negative curvature is one as well.
    """
    if not values or values[-1][0] + 1 < FIRST:
        return False
    now = _mean(values, values[-1][0])
    before = _mean(values, values[-1][0] - BACK)
    return now is not None and before is not None and now > GROWTH * before


def _mean(values: Sequence[tuple[int, float]], end: int) -> float | None:
    within = [abs(value) for epoch, value in values if end - WINDOW < epoch <= end]
    return sum(within) / len(within) if within else None


def skip_share(ops: Sequence[str]) -> float:
    """The share of skip connections among chosen operations."""
    return sum(op in SKIPS for op in ops) / max(len(ops), 1)


def learns_nothing(ops: Sequence[str]) -> bool:
    """Whether none of the operations has weights: pools, skips and nothing at all."""
    return all(op in SKIPS or op == "none" or "pool" in op for op in ops)
