"""The best candidate: least violation, then objective by objective, then the lower number."""

from __future__ import annotations

import numpy as np
import pytest

from nasengine.pareto import best, constrained_front

NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("points", "violations", "row"),
    [
        ([[3, 1], [2, 9], [2, 5]], [0, 0, 0], 2),
        ([[2, 5], [2, 5]], [0, 0], 0),
        ([[1, 1], [2, 2]], [0.5, 0], 1),
        ([[1, 1], [2, 2]], [0.5, 0.25], 1),
        ([[1, 1], [2, 2]], [INF, INF], 0),
        ([[NAN, 1], [5, NAN], [5, 7]], [0, 0, 0], 2),
        ([[NAN, 1], [INF, 0]], [0, 0], None),
        ([], [], None),
    ],
)
def test_the_best_row(points, violations, row):
    shaped = np.array(points, dtype=float).reshape(-1, 2)
    assert best(shaped, np.array(violations, dtype=float), range(len(points))) == row


@pytest.mark.parametrize("seed", range(30))
def test_the_best_row_is_on_the_front_and_matches_a_plain_sort(seed):
    rng = np.random.default_rng(seed)
    points = rng.integers(4, size=(40, 3)).astype(float)
    violations = rng.choice([0.0, 0.1, 0.2], size=40) * (seed % 2)
    row = best(points, violations, range(40))
    rows = zip(violations.tolist(), points.tolist(), range(40), strict=True)
    assert row == min(rows)[2]
    assert constrained_front(points, violations)[row]
