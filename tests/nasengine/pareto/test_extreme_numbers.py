"""Finite extremes: no front arithmetic overflows, divides by zero or leaves JSON."""

from __future__ import annotations

import json
import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasengine.core.objective import Constraint, Goal
from nasengine.pareto import (
    GrowingFront,
    RunFront,
    crowding,
    hypervolume,
    reference_point,
    survivors,
    violation,
)

MAX, TINY = sys.float_info.max, 5e-324
EXTREMES = [MAX, -MAX, 1e200, -1e200, 1e-170, -1e-170, TINY, -TINY, 0.0, 1.0, 90.769]
numbers = st.one_of(
    st.sampled_from(EXTREMES), st.floats(allow_nan=False, allow_infinity=False, width=64)
)
points = st.integers(1, 4).flatmap(
    lambda m: st.lists(st.lists(numbers, min_size=m, max_size=m), min_size=1, max_size=15)
)


def goals(count):
    return [Goal(f"o{i}", f"o{i}", None, ("lower", "higher")[i % 2], "") for i in range(count)]


@given(points)
def test_a_run_front_of_any_finite_numbers_is_json_and_its_curve_never_falls(rows):
    front = RunFront(goals(len(rows[0])), [Constraint("o0", "<", 1e-300)])
    for number, row in enumerate(rows):
        front.add(number, {f"o{i}": value for i, value in enumerate(row)})
        # json.dumps refuses NaN and infinity; the database returns 1e300 as an int.
        text = json.dumps(front.state_dict(), allow_nan=False)
        state = json.loads(text, parse_float=as_the_database_returns)
        front = RunFront.from_state(front.goals, front.constraints, state)
    assert json.loads(json.dumps(front.reference, allow_nan=False)) == front.reference
    shares = [point["hypervolume"] for point in front.curve]
    assert shares == sorted(shares)
    assert front.front


def as_the_database_returns(text):
    """PostgreSQL writes a large number of a JSON column with all digits and no point."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) >= 1e16 else value


@given(points)
def test_the_reference_point_of_any_finite_numbers_is_finite_and_no_better_than_the_worst(rows):
    reference = reference_point(np.array(rows))
    assert np.isfinite(reference).all()
    worst = np.max(rows, axis=0)
    assert ((reference > worst) | (worst == MAX)).all()


@given(points)
def test_hypervolume_and_crowding_of_any_finite_numbers_are_numbers(rows):
    values = np.array(rows)
    assert math.isfinite(hypervolume(values, reference_point(values)))
    distance = crowding(values)
    assert not np.isnan(distance).any()
    assert (distance >= 0).all()
    kept = survivors(values, np.zeros(len(values)), 3)
    assert len(kept) == min(3, len(values))


@pytest.mark.parametrize("factor", [2.0**-600, 2.0**-300, 1.0, 2.0**300, 2.0**600])
def test_shares_and_crowding_do_not_depend_on_the_unit(factor):
    values = np.random.default_rng(0).random((30, 3))
    plain, other = (RunFront(goals(3)) for _ in range(2))
    for number, row in enumerate(values):
        plain.add(number, {f"o{i}": value for i, value in enumerate(row)})
        other.add(number, {f"o{i}": value * factor for i, value in enumerate(row)})
    assert other.curve == plain.curve
    assert crowding(values * factor).tolist() == crowding(values).tolist()


def test_a_violation_of_finite_numbers_is_finite():
    bounds = [Constraint("a", "<", -1.7e308), Constraint("b", "<", 1e-300)]
    assert violation({"a": 1.7e308, "b": 1e300}, bounds) == MAX
    assert violation({"a": 1.7e308}, bounds) == math.inf


def test_a_volume_beyond_the_largest_double_is_that_double():
    assert hypervolume(np.array([[0.0, 0.0]]), np.array([1e200, 1e200])) == MAX
    front = GrowingFront(np.array([1e200, 1e200]))
    front.add(np.array([0.0, 0.0]))
    assert (front.hypervolume, front.share) == (MAX, 1.0)


def test_a_reference_box_without_volume_has_the_share_zero():
    front = GrowingFront(np.array([0.0, 1.0]))
    front.add(np.array([-1.0, 0.5]))
    assert front.share == 0.0


def test_a_state_of_version_one_continues_with_the_same_digits():
    rows = np.random.default_rng(1).random((30, 2)) * (50, 1e6)
    whole = RunFront(goals(2))
    for number, row in enumerate(rows[:20]):
        whole.add(number, {"o0": row[0], "o1": row[1]})
    state = whole.state_dict()
    state["version"] = 1
    del state["scaled_volume"]
    state["volume"] = whole._feasible.hypervolume
    old = RunFront.from_state(whole.goals, (), state)
    for front in (whole, old):
        for number, row in enumerate(rows[20:], start=20):
            front.add(number, {"o0": row[0], "o1": row[1]})
    assert old.state_dict() == whole.state_dict()
