"""The front of a run: reference, staircase, constraints, and restoring a saved state."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from nasengine.core.objective import Constraint, Goal
from nasengine.pareto import RunFront, hypervolume

ERROR = Goal("error", "error", None, "lower", "%")
PARAMS = Goal("params", "params", None, "lower", "")
SPEED = Goal("throughput", "throughput", None, "higher", "images/s")
GOALS = (ERROR, PARAMS)


def values(error, params):
    return {"error": error, "params": params}


def random_history(count, seed=0, states=("done",)):
    rng = np.random.default_rng(seed)
    return [
        (i, values(*(rng.random(2) * (50, 1e6)).tolist()), states[rng.integers(len(states))])
        for i in range(count)
    ]


def test_the_front_is_empty_before_the_first_eligible_candidate():
    front = RunFront(GOALS)
    assert (front.front, front.hypervolume, front.reference, front.curve) == ([], 0.0, None, [])
    step = front.add(0, values(math.nan, 5.0))
    assert (step.joined, step.point, step.redrawn) == (False, None, False)
    front.add(1, {"error": 5.0})
    front.add(2, values(5.0, 5.0), "failed")
    assert (front.recorded, front.front, front.reference) == (3, [], None)


def test_one_candidate_dominates_a_tenth_of_each_side():
    front = RunFront(GOALS)
    step = front.add(0, values(50.0, 1000.0))
    assert front.reference == pytest.approx([55.0, 1100.0])
    assert front.hypervolume == pytest.approx((5 / 55) ** 2)
    assert step.point == {"told": 1, "number": 0, "hypervolume": front.hypervolume}
    assert (step.joined, step.redrawn) == (True, True)


def test_the_hypervolume_is_a_share_of_the_box_from_zero():
    front = RunFront(GOALS)
    front.add(0, values(50.0, 1000.0))
    front.add(1, values(0.0, 0.0))
    assert front.hypervolume == pytest.approx(1.0)
    assert front.front == [1]


def test_the_reference_is_fixed_at_the_tenth_eligible_candidate():
    front = RunFront(GOALS)
    for number in range(9):
        front.add(number, values(10.0, 100.0))
        front.add(100 + number, values(99.0, 9999.0), "pruned")
    assert not front.fixed
    front.add(9, values(20.0, 90.0))
    assert front.fixed
    assert front.reference == pytest.approx([22.0, 110.0])
    step = front.add(10, values(90.0, 5.0))
    assert front.reference == pytest.approx([22.0, 110.0])
    assert (step.joined, step.point, step.redrawn) == (True, None, False)
    assert 10 in front.front


def test_the_reference_fits_higher_is_better_and_a_worst_value_of_zero():
    front = RunFront((SPEED, ERROR))
    front.add(0, {"throughput": 100.0, "error": 0.0})
    front.add(1, {"throughput": 200.0, "error": 0.0})
    assert front.front == [1]
    assert front.reference == pytest.approx([90.0, 1.0])
    assert front.hypervolume == pytest.approx((200 - 90) / 90)


def test_the_curve_equals_the_hypervolume_from_scratch():
    history = random_history(300, states=("done", "done", "failed", "diverged"))
    front = RunFront.from_history(GOALS, (), history)
    reference = np.array(front.reference)
    done = [(n, list(v.values())) for n, v, state in history if state == "done"]
    staircase = {point["number"]: point["hypervolume"] for point in front.curve}
    seen, last = [], 0.0
    for number, point in done:
        seen.append(np.array(point) / reference)
        last = staircase.get(number, last)
        assert last == pytest.approx(hypervolume(seen, [1, 1]), rel=1e-9)
    heights = [point["hypervolume"] for point in front.curve]
    assert heights == sorted(heights)
    assert heights[-1] < 1
    assert len(heights) < 60
    assert [point["told"] for point in front.curve] == [p["number"] + 1 for p in front.curve]


def test_without_a_feasible_candidate_the_smallest_violations_are_the_front():
    front = RunFront(GOALS, (Constraint("params", "<=", 1000.0),))
    front.add(0, values(1.0, 3000.0))
    assert (front.front, front.hypervolume) == ([0], 0.0)
    front.add(1, values(9.0, 2000.0))
    front.add(2, values(8.0, 2000.0))
    assert (front.front, front.hypervolume) == ([1, 2], 0.0)
    step = front.add(3, values(90.0, 900.0))
    assert (front.front, step.joined) == ([3], True)
    assert front.hypervolume > 0
    assert not front.add(4, values(1.0, 1001.0)).joined
    assert front.front == [3]


def test_a_candidate_without_its_constrained_value_is_never_on_the_front():
    front = RunFront((ERROR,), (Constraint("params", "<", 1000.0),))
    front.add(0, {"error": 1.0})
    assert front.front == []
    json.dumps(front.state_dict(), allow_nan=False)


@pytest.mark.parametrize("cut", [0, 1, 5, 9, 10, 11, 40])
@pytest.mark.parametrize("constraints", [(), (Constraint("params", "<", 2e5),)])
def test_a_restored_front_continues_as_if_it_had_not_been_saved(cut, constraints):
    history = random_history(80, seed=3)
    whole = RunFront.from_history(GOALS, constraints, history)
    first = RunFront.from_history(GOALS, constraints, history[:cut])
    saved = json.loads(json.dumps(first.state_dict(), allow_nan=False))
    second = RunFront.from_state(GOALS, constraints, saved)
    assert (second.front, second.hypervolume, second.reference) == (
        first.front,
        first.hypervolume,
        first.reference,
    )
    for one in history[cut:]:
        second.add(*one)
    assert second.front == whole.front
    assert second.curve == whole.curve
    assert second.recorded == whole.recorded


def test_the_size_of_the_state_depends_on_the_front_and_not_on_the_run():
    front = RunFront.from_history(GOALS, (), random_history(10_000))
    assert len(json.dumps(front.state_dict())) < 5000
