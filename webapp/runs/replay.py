"""The replay of a run's front: the order of its candidates, and who was on the front when."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from nasengine.pareto.lifetimes import lifetimes
from nasengine.pareto.orientation import signs

from .columns import told_values
from .epochs import shortened_by
from .models import Run
from .objectives import goals_of

CACHED = 8  # replays that this process remembers


def replay(run: Run) -> dict[str, Any]:
    """Return `order`, the numbers of the candidates as they ended for the strategy, and `front`.

    `front` has a row [number, joined, left] for each stay on the front of all objectives; after k
    candidates those with joined <= k < left are on it, and `left` is null for those that stay.
    The hypervolume at each moment is in the snapshot. It is remembered by the number of the
    last event, as the columns of candidates are.
    """
    return _replay_at(run.seq, run)


@lru_cache(maxsize=CACHED)
def _replay_at(seq: int, run: Run) -> dict[str, Any]:
    goals = goals_of(run)
    by_number = bool(run.spec.get("deterministic", True)) and not shortened_by(run)
    rows, values = told_values(run, [goal.name for goal in goals], by_number)
    points = np.where(rows["done"][:, None] == 1, values * signs(goals), np.nan)
    stays = lifetimes(points, rows["violation"])
    numbers = rows["number"].tolist()
    return {
        "seq": seq,
        "order": numbers,
        "front": [[numbers[stay.row], stay.joined, stay.left] for stay in stays],
    }
