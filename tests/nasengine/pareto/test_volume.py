"""Hypervolume: closed forms, and incremental growth against computing it from scratch."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasengine.pareto import GrowingFront, growth, hypervolume, non_dominated, reference_point
from nasengine.pareto.volume import growing_shares

COORDINATES = st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.5, math.nan, math.inf, -math.inf])
POINTS = st.integers(1, 4).flatmap(
    lambda m: st.lists(st.lists(COORDINATES, min_size=m, max_size=m), min_size=1, max_size=9)
)


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 100])
def test_a_staircase_covers_half_the_square_plus_half_a_step(steps):
    stairs = [[i / steps, (steps - i - 1) / steps] for i in range(steps)]
    assert hypervolume(stairs, [1, 1]) == pytest.approx((steps + 1) / (2 * steps))


@pytest.mark.parametrize("m", [1, 2, 3, 4, 5])
def test_one_point_dominates_its_box(m):
    assert hypervolume([[0.5] * m], [1.5] * m) == pytest.approx(1)
    assert hypervolume([[1.5] * m], [1.5] * m) == 0
    assert hypervolume([[-math.inf] * m, [math.nan] * m], [1.5] * m) == 0
    assert hypervolume(np.empty((0, m)), [1.0] * m) == 0


def cells(points, reference):
    """The volume by adding up the cells of the grid that all coordinates span."""
    points = [p for p in points if all(map(math.isfinite, p))]
    axes = [sorted({p[i] for p in points} | {r}) for i, r in enumerate(reference)]
    axes = [[v for v in axis if v <= r] for axis, r in zip(axes, reference, strict=True)]
    total = 0.0
    for corner in itertools.product(*(range(len(axis) - 1) for axis in axes)):
        low = [axis[i] for axis, i in zip(axes, corner, strict=True)]
        high = [axis[i + 1] for axis, i in zip(axes, corner, strict=True)]
        if any(all(x <= y for x, y in zip(p, low, strict=True)) for p in points):
            total += math.prod(h - lo for h, lo in zip(high, low, strict=True))
    return total


@given(POINTS)
def test_the_hypervolume_is_the_sum_of_the_grid_cells(points):
    reference = [1.25] * len(points[0])
    assert hypervolume(points, reference) == pytest.approx(cells(points, reference))


@given(POINTS)
@pytest.mark.trap(9)
def test_growth_equals_the_hypervolume_from_scratch_each_time(points):
    reference = [1.25] * len(points[0])
    slow = [hypervolume(points[: i + 1], reference) for i in range(len(points))]
    assert growth(points, reference) == pytest.approx(slow)


@given(POINTS)
def test_the_members_of_a_growing_front_are_the_non_dominated_points(points):
    front = GrowingFront([1.25] * len(points[0]))
    for point in points:
        before = front.hypervolume
        joined, after = front.add(point)
        assert after >= before
        assert joined or after == before
    assert sorted(front.members) == np.flatnonzero(non_dominated(np.array(points))).tolist()
    assert front.points.tolist() == [list(points[i]) for i in front.members]


@pytest.mark.parametrize("m", [2, 3])
def test_the_growth_over_ten_thousand_points_is_exact(m):
    rng = np.random.default_rng(0)
    points = rng.random((10_000, m)) ** 0.5
    curve = growth(points, [1.1] * m)
    for count in (1, 10, 100, 1000, 10_000):
        assert curve[count - 1] == pytest.approx(hypervolume(points[:count], [1.1] * m), rel=1e-9)
    assert (np.diff(curve) >= 0).all()


def test_a_front_of_two_thousand_points_approaches_the_quarter_circle():
    rng = np.random.default_rng(1)
    angle = rng.random(2000) * math.pi / 2
    points = 1 - np.column_stack([np.cos(angle), np.sin(angle)])
    curve = growth(points, [1, 1])
    assert curve[-1] == pytest.approx(hypervolume(points, [1, 1]), rel=1e-9)
    assert curve[-1] == pytest.approx(math.pi / 4, abs=1e-3)


def test_the_reference_point_is_a_tenth_beyond_the_worst_values():
    points = np.array([[10.0, -5.0, 0.0], [20.0, -1.0, -3.0]])
    assert reference_point(points) == pytest.approx([22.0, -0.9, 1.0])


def test_the_share_is_that_of_the_box_between_zero_and_the_reference():
    front = GrowingFront(np.array([2.0, 4.0]))
    assert front.share == 0
    front.add(np.array([1.0, 2.0]))
    assert front.share == pytest.approx(0.25)


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
@pytest.mark.parametrize("rows", [0, 1, 60, 300])
def test_growing_shares_are_those_of_a_growing_front(objectives, rows):
    rng = np.random.default_rng(rows)
    points = rng.random((rows, objectives)) * np.array([1e-3, 1, 1e6, 1e300])[:objectives]
    reference = np.array([1.1e-3, 0.9, 1e6, 2e300])[:objectives]
    front, expected = GrowingFront(reference), []
    for point in points:
        front.add(point)
        expected.append(front.share)
    assert growing_shares(points, reference) == pytest.approx(expected, rel=1e-9, abs=0)
