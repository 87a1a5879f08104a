"""Dominance, constrained domination and survival: truths by hand, properties by chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasengine.core.objective import Constraint, Goal
from nasengine.pareto import (
    constrained_front,
    crowding,
    non_dominated,
    oriented,
    ranks,
    survivors,
    violation,
)

NAN, INF = math.nan, math.inf
ERROR = Goal("error", "error", None, "lower", "%")
SPEED = Goal("throughput@a100", "throughput", "a100", "higher", "images/s")
# Few different numbers, so that ties and equals are common.
NUMBERS = st.sampled_from([0.0, 1.0, 2.0, 3.0, NAN, INF, -INF])
POINTS = st.integers(1, 4).flatmap(
    lambda m: st.lists(st.lists(NUMBERS, min_size=m, max_size=m), min_size=1, max_size=12)
)


def dominates(a, b):
    return all(x <= y for x, y in zip(a, b, strict=True)) and tuple(a) != tuple(b)


def by_hand(points):
    """The front by comparing everybody with everybody."""
    finite = [p for p in points if all(map(math.isfinite, p))]
    return [p in finite and not any(dominates(q, p) for q in finite) for p in points]


def test_only_here_a_sign_flips():
    values = [{"error": 5.0, "throughput@a100": 100.0}, {"error": 4.0}, {"error": INF}]
    found = oriented(values, (ERROR, SPEED))
    assert found[0].tolist() == [5.0, -100.0]
    assert found[1][0] == 4.0
    assert np.isnan(found[1:, 1]).all()
    assert np.isnan(found[2, 0])
    assert oriented([], (ERROR, SPEED)).shape == (0, 2)


def test_violations_add_up_relative_to_their_bounds():
    constraints = (Constraint("params", "<", 1000.0), Constraint("error", "<=", 50.0))
    assert violation({"params": 900.0, "error": 50.0}, constraints) == 0
    assert violation({"params": 1500.0, "error": 75.0}, constraints) == pytest.approx(1.0)
    assert 0 < violation({"params": 1000.0, "error": 1.0}, constraints) < 1e-9
    assert violation({"params": 900.0}, constraints) == INF
    assert violation({"params": 900.0, "error": NAN}, constraints) == INF
    assert violation({}, ()) == 0


def test_a_staircase_keeps_its_steps_and_their_equals():
    points = np.array([[1, 3], [2, 2], [3, 1], [2, 3], [2, 2], [NAN, 0], [0, INF]])
    assert non_dominated(points).tolist() == [True, True, True, False, True, False, False]


@given(POINTS)
def test_the_front_is_that_of_comparing_all_pairs(points):
    assert non_dominated(np.array(points)).tolist() == by_hand(points)


def test_the_front_is_of_the_feasible_or_else_of_the_least_violating():
    points = np.array([[1.0, 1], [2, 2], [3, 1], [0, 0]])
    assert constrained_front(points, np.array([1.0, 0, 0, INF])).tolist() == [
        False,
        True,
        True,
        False,
    ]
    assert constrained_front(points, np.array([0.2, 0.1, 0.1, INF])).tolist() == [
        False,
        True,
        True,
        False,
    ]
    assert not constrained_front(points, np.full(4, INF)).any()
    assert not constrained_front(np.full((2, 2), NAN), np.zeros(2)).any()


def test_ranks_put_feasible_before_infeasible_before_unmeasured():
    points = np.array([[2.0, 2], [1, 1], [3, 0], [0, 0], [0, 0], [NAN, 0], [0, 1]])
    violations = np.array([0, 0, 0, 0.5, 0.25, 0, 0.5])
    assert ranks(points, violations).tolist() == [1, 0, 0, 3, 2, 4, 3]


@given(POINTS)
def test_who_dominates_ranks_better(points):
    rank = ranks(np.array(points), np.zeros(len(points)))
    finite = [all(map(math.isfinite, p)) for p in points]
    for i, a in enumerate(points):
        for j, b in enumerate(points):
            if finite[i] and finite[j] and dominates(a, b):
                assert rank[i] < rank[j]
            if finite[i] and not finite[j]:
                assert rank[i] < rank[j]


def test_crowding_adds_up_the_gaps_to_both_neighbours():
    points = np.array([[0.0, 10], [1, 6], [4, 1], [10, 0]])
    assert crowding(points).tolist() == [INF, 0.4 + 0.9, 0.9 + 0.6, INF]
    assert crowding(np.zeros((3, 2))).tolist() == [0, 0, 0]
    assert crowding(np.zeros((2, 2))).tolist() == [INF, INF]


def test_survivors_keep_whole_ranks_then_the_loneliest_then_the_older():
    points = np.array([[0.0, 10], [1, 6], [4, 1], [10, 0], [11, 11]])
    assert survivors(points, np.zeros(5), 4).tolist() == [0, 1, 2, 3]
    assert survivors(points, np.zeros(5), 3).tolist() == [0, 2, 3]
    assert survivors(np.ones((4, 2)), np.zeros(4), 2).tolist() == [0, 1]
    assert survivors(points, np.array([0, 0, 0, 0.1, 0.2]), 4).tolist() == [0, 1, 2, 3]


@given(POINTS, st.integers(1, 12))
def test_survivors_never_lose_the_front_to_others(points, k):
    array = np.array(points)
    kept = survivors(array, np.zeros(len(points)), k)
    assert len(kept) == min(k, len(points))
    front = non_dominated(array)
    if front.sum() <= k:
        assert set(np.flatnonzero(front)) <= set(kept)
