"""The named picks of DPP-Net (1806.08198): the best of each kind, and the all-round one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...core.objective import Goal
from ..common.population import Member

ALL_ROUND = "all-round"


def named_picks(front: Sequence[Member], goals: Sequence[Goal]) -> dict[str, int]:
    """Numbers of a front's members: the best in every objective, and the all-round one.

    The all-round pick is the one whose worst objective, as a share of the front's range, is
    best; of equals the one with the smaller sum, then the earlier.
    """
    if not front:
        return {}
    points = np.array([member.point for member in front])
    span = np.ptp(points, axis=0)
    places = (points - points.min(axis=0)) / np.where(span > 0, span, 1.0)
    picks = {}
    for column, goal in enumerate(goals):
        order = np.lexsort((places.sum(axis=1), points[:, column]))
        picks[goal.name] = front[order[0]].number
    if len(goals) > 1:
        order = np.lexsort((places.sum(axis=1), places.max(axis=1)))
        picks[ALL_ROUND] = front[order[0]].number
    return picks
