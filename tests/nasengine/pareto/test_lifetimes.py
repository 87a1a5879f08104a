"""The replay of a front agrees with the front that grows one candidate at a time."""

from __future__ import annotations

import numpy as np
import pytest

from nasengine.core.objective import Goal, parse_constraint
from nasengine.pareto.lifetimes import lifetimes
from nasengine.pareto.orientation import oriented, violation
from nasengine.pareto.run_front import RunFront


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("bound", [None, "params<6", "params<0.5"])
def test_the_front_at_every_moment_is_that_of_the_growing_front(seed, bound):
    rng = np.random.default_rng(seed)
    directions = {"error": "lower", "params": "lower", "speed": "higher"}
    goals = [Goal(name, name, None, better, "") for name, better in directions.items()]
    constraints = [parse_constraint(bound)] if bound else []
    # Few different values, so that equal points and equal violations occur.
    rows = [
        {"error": float(e), "params": float(p), "speed": float(s)}
        for e, p, s in rng.integers(1, 9, (60, 3))
    ]
    del rows[7]["error"]
    growing, expected = RunFront(goals, constraints), []
    for number, values in enumerate(rows):
        growing.add(number, values)
        expected.append(growing.front)
    excess = np.array([violation(values, constraints) for values in rows])
    stays = lifetimes(oriented(rows, goals), excess)
    for told, front in enumerate(expected, start=1):
        shown = [s.row for s in stays if s.joined <= told and (s.left is None or told < s.left)]
        assert sorted(shown) == front
