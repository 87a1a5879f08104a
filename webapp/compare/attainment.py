"""Bands of the plot of fronts: what a quarter, half and three quarters of a group's runs attain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nasengine.pareto.attainment import attainment_fronts
from nasengine.pareto.dominance import non_dominated
from nasengine.pareto.orientation import signs

from .groups import Group
from .histories import History
from .ranking import Ranking

SHARES = {"low": 0.25, "median": 0.5, "high": 0.75}
MIN_RUNS = 3  # fewer runs are shown one by one


def attainment(
    ranking: Ranking, groups: Sequence[Group], axes: tuple[str, str] | None
) -> dict[str, Any] | None:
    """Return the fronts of the groups on two axes as JSON; None with fewer than two objectives.

    `x` and `y` name the objectives. `groups` has for each group `low`, `median` and `high`: the
    corners [x, y] of the front that 25, 50 and 75 % of its runs attain. It is null for groups of
    fewer than three runs.
    """
    names = [goal.name for goal in ranking.goals]
    if len(names) < 2:
        return None
    chosen = axes if axes and axes[0] in names and axes[1] in names else (names[1], names[0])
    if chosen[0] == chosen[1]:
        return {"x": chosen[0], "y": chosen[1], "groups": [None] * len(groups)}
    columns = [names.index(name) for name in chosen]
    sign = signs(ranking.goals)[columns]
    bands: list[dict[str, Any] | None] = []
    for group in groups:
        if len(group.rows) < MIN_RUNS:
            bands.append(None)
            continue
        fronts = [_front(ranking.histories[row], columns) for row in group.rows]
        levels = attainment_fronts(fronts, list(SHARES.values()))
        bands.append({name: (levels[s] * sign).tolist() for name, s in SHARES.items()})
    return {"x": chosen[0], "y": chosen[1], "groups": bands}


def _front(history: History, columns: list[int]) -> np.ndarray:
    """The feasible points of a run that no other one dominates on two objectives."""
    points = history.points[history.violations == 0][:, columns]
    return points[non_dominated(points)] if len(points) else points
