"""Dominance, constrained domination, survival and the best: by hand and by definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasengine.core.objective import Constraint, Goal
from nasengine.pareto import (
    best,
    constrained_front,
    crowding,
    non_dominated,
    oriented,
    ranks,
    survivors,
    violation,
)
from tests.fixtures import pareto_reference
from tests.fixtures.pareto_reference import dominates

NAN, INF = math.nan, math.inf
ERROR = Goal("error", "error", None, "lower", "%")
SPEED = Goal("throughput@a100", "throughput", "a100", "higher", "images/s")
# Few different numbers, so that ties are common.
NUMBERS = st.sampled_from([0.0, 1.0, 2.0, 3.0, NAN, INF, -INF])
POINTS = st.integers(1, 4).flatmap(
    lambda m: st.lists(st.lists(NUMBERS, min_size=m, max_size=m), min_size=1, max_size=12)
)


def front_by_definition(points):
    """Compare all pairs of finite points."""
    finite = [p for p in points if all(map(math.isfinite, p))]
    return [p in finite and not any(dominates(q, p) for q in finite) for p in points]


def test_points_are_oriented_so_that_lower_is_better():
    values = [{"error": 5.0, "throughput@a100": 100.0}, {"error": 4.0}, {"error": INF}]
    found = oriented(values, (ERROR, SPEED))
    assert found[0].tolist() == [5.0, -100.0]
    assert found[1][0] == 4.0
    assert np.isnan(found[1:, 1]).all()
    assert np.isnan(found[2, 0])
    assert oriented([], (ERROR, SPEED)).shape == (0, 2)


def test_violations_are_relative_to_their_bounds_and_add_up():
    constraints = (Constraint("params", "<", 1000.0), Constraint("error", "<=", 50.0))
    assert violation({"params": 900.0, "error": 50.0}, constraints) == 0
    assert violation({"params": 1500.0, "error": 75.0}, constraints) == pytest.approx(1.0)
    assert 0 < violation({"params": 1000.0, "error": 1.0}, constraints) < 1e-9
    assert violation({"params": 900.0}, constraints) == INF
    assert violation({"params": 900.0, "error": NAN}, constraints) == INF
    assert violation({}, ()) == 0


def test_a_staircase_is_its_own_front_and_equal_points_stay():
    points = np.array([[1, 3], [2, 2], [3, 1], [2, 3], [2, 2], [NAN, 0], [0, INF]])
    assert non_dominated(points).tolist() == [True, True, True, False, True, False, False]


@given(POINTS)
def test_the_front_is_that_of_comparing_all_pairs(points):
    assert non_dominated(np.array(points)).tolist() == front_by_definition(points)


def test_the_front_is_the_feasible_one_or_else_the_smallest_violations():
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


def test_feasible_points_rank_before_infeasible_ones_and_those_before_unmeasured_ones():
    points = np.array([[2.0, 2], [1, 1], [3, 0], [0, 0], [0, 0], [NAN, 0], [0, 1]])
    violations = np.array([0, 0, 0, 0.5, 0.25, 0, 0.5])
    assert ranks(points, violations).tolist() == [1, 0, 0, 3, 2, 4, 3]


@given(POINTS)
def test_a_point_ranks_better_than_those_it_dominates(points):
    rank = ranks(np.array(points), np.zeros(len(points)))
    finite = [all(map(math.isfinite, p)) for p in points]
    for i, a in enumerate(points):
        for j, b in enumerate(points):
            if finite[i] and finite[j] and dominates(a, b):
                assert rank[i] < rank[j]
            if finite[i] and not finite[j]:
                assert rank[i] < rank[j]


def test_crowding_adds_up_the_gaps_between_both_neighbours():
    points = np.array([[0.0, 10], [1, 6], [4, 1], [10, 0]])
    assert crowding(points).tolist() == [INF, 0.4 + 0.9, 0.9 + 0.6, INF]
    assert crowding(np.zeros((3, 2))).tolist() == [0, 0, 0]
    assert crowding(np.zeros((2, 2))).tolist() == [INF, INF]


def test_survivors_are_whole_ranks_then_the_least_crowded_then_the_older():
    points = np.array([[0.0, 10], [1, 6], [4, 1], [10, 0], [11, 11]])
    assert survivors(points, np.zeros(5), 4).tolist() == [0, 1, 2, 3]
    assert survivors(points, np.zeros(5), 3).tolist() == [0, 2, 3]
    assert survivors(np.ones((4, 2)), np.zeros(4), 2).tolist() == [0, 1]
    assert survivors(points, np.array([0, 0, 0, 0.1, 0.2]), 4).tolist() == [0, 1, 2, 3]


@given(POINTS, st.integers(1, 12))
def test_survivors_include_the_front_if_it_fits(points, k):
    array = np.array(points)
    kept = survivors(array, np.zeros(len(points)), k)
    assert len(kept) == min(k, len(points))
    front = non_dominated(array)
    if front.sum() <= k:
        assert set(np.flatnonzero(front)) <= set(kept)


@pytest.mark.parametrize("seed", range(20))
def test_ranks_and_survivors_are_those_of_the_definition(seed):
    rng = np.random.default_rng(seed)
    points = rng.random((25, 3))
    violations = np.where(rng.random(25) < 0.3, rng.random(25), 0.0)
    for rank, front in enumerate(pareto_reference.fronts(points.tolist(), violations)):
        assert np.flatnonzero(ranks(points, violations) == rank).tolist() == front
    for k in (1, 5, 12, 25):
        expected = pareto_reference.survivors(points.tolist(), violations.tolist(), k)
        assert survivors(points, violations, k).tolist() == expected


def test_the_best_is_decided_objective_by_objective_and_then_by_number():
    points = np.array([[2.0, 0.0], [1.0, 5.0], [1.0, 4.0], [1.0, 4.0], [NAN, 0.0]])
    feasible = np.zeros(5)
    assert best(points, feasible, [0, 1, 2, 3, 4]) == 2
    assert best(points, feasible, [0, 1, 3, 2, 4]) == 3  # equal values: the lower number
    assert best(points, np.array([0, 0.5, 0.5, 0.5, 0]), range(5)) == 0
    assert best(points, np.array([INF, 0.5, 0.4, 0.5, 0]), range(5)) == 2
    assert best(points[4:], feasible[4:], [4]) is None
    assert best(np.empty((0, 2)), np.empty(0), []) is None
    # A missing second value counts as the worst.
    assert best(np.array([[1.0, NAN], [1.0, 9.0]]), np.zeros(2), [0, 1]) == 1


@given(POINTS)
def test_the_best_of_finite_points_is_on_the_front(points):
    finite = np.array([p for p in points if all(map(math.isfinite, p))])
    if len(finite):
        index = best(finite, np.zeros(len(finite)), range(len(finite)))
        assert finite[index][0] == finite[:, 0].min()
        assert constrained_front(finite, np.zeros(len(finite)))[index]
