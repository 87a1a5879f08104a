"""The importance of choices: planted effects, no effect, and the textbook formula."""

from __future__ import annotations

import numpy as np
import pytest

from nasengine.execution.choice_importance import importances, omega_squared


def test_it_is_the_omega_squared_of_the_textbook():
    option = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2])
    values = np.array([1.0, 2, 3, 2, 3, 4, 6, 7, 8])
    # Sums of squares by hand: between 42, within 6; within per degree of freedom 1.
    expected = (42 - 2 * 1) / (48 + 1)
    assert omega_squared(option, values, np.ones((1, 9))) == pytest.approx([expected])


@pytest.mark.parametrize("seed", range(3))
def test_planted_effects_are_found_and_chance_is_not(seed):
    rng = np.random.default_rng(seed)
    choices = rng.integers(0, 4, (400, 5))
    values = 3.0 * choices[:, 1] + 1.0 * choices[:, 3] + rng.normal(size=400)
    found = importances(choices, values)
    ordered = sorted(found, key=lambda one: -one.share)
    assert [one.decision for one in ordered[:2]] == [1, 3]
    assert ordered[0].low > ordered[1].high
    # Variances: 9 * 1.25, 1 * 1.25 and 1 of noise.
    assert ordered[0].share == pytest.approx(11.25 / 13.5, abs=0.06)
    assert all(one.share < 0.05 for one in ordered[2:])


def test_few_candidates_and_equal_values_have_no_importance():
    choices = np.zeros((29, 2), dtype=int)
    assert importances(choices, np.arange(29.0)) == []
    choices = np.arange(60).reshape(30, 2) % 3
    assert {one.share for one in importances(choices, np.full(30, 7.0))} == {0.0}
