"""The named candidates of DPP-Net (1806.08198): best by each objective, and all-round."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...core.objective import Goal
from ..common.population import Member

ALL_ROUND = "all-round"


def named_candidates(front: Sequence[Member], goals: Sequence[Goal]) -> dict[str, int]:
    """Return numbers of a front's members: the best in each objective, and the all-round one.

    Every objective is scaled to 0 .. 1 over the front. The all-round candidate is the one whose
    worst scaled objective is lowest; of equals the one with the smaller sum, then the earlier.
    """
    if not front:
        return {}
    points = np.array([member.point for member in front])
    span = np.ptp(points, axis=0)
    scaled = (points - points.min(axis=0)) / np.where(span > 0, span, 1.0)
    selected = {}
    for column, goal in enumerate(goals):
        order = np.lexsort((scaled.sum(axis=1), points[:, column]))
        selected[goal.name] = front[order[0]].number
    if len(goals) > 1:
        order = np.lexsort((scaled.sum(axis=1), scaled.max(axis=1)))
        selected[ALL_ROUND] = front[order[0]].number
    return selected
