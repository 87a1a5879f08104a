"""Comparisons while seeds arrive: closed forms, planted cases, and false alarms under the null."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import betaln

from benchmarks.sequential import false_alarms
from nasengine.pareto.coverage import covered, directions
from nasengine.statistics.sequential import corrected, evidence, more_seeds, wealth


def test_the_wealth_is_the_mixture_ratio_and_a_martingale():
    for wins, losses in ((0, 0), (5, 0), (3, 9), (40, 20)):
        log = (wins + losses) * np.log(2) + betaln(wins + 0.5, losses + 0.5) - betaln(0.5, 0.5)
        assert wealth(wins, losses) == pytest.approx(np.exp(log))
        after = (wealth(wins + 1, losses) + wealth(wins, losses + 1)) / 2
        assert after == pytest.approx(wealth(wins, losses))


def test_seven_wins_of_seven_decide_and_six_do_not():
    assert evidence([1.0] * 7).p < 0.05 < evidence([1.0] * 6).p
    assert evidence([-1.0] * 7).p == evidence([1.0] * 7).p
    assert more_seeds(evidence([1.0] * 5)) == 2
    assert more_seeds(evidence([1.0] * 7)) == 0


def test_ties_decide_nothing_and_a_decision_stays():
    assert evidence([0.0] * 50).p == 1.0
    decided = evidence([1.0] * 8)
    assert evidence([1.0] * 8 + [-1.0] * 8).p == decided.p
    assert corrected({"a": decided, "b": evidence([])})["a"] == pytest.approx(2 * decided.p)


def test_false_alarms_stay_below_5_percent_with_continuous_looking():
    """A small sample of benchmarks/sequential.py, with three binomial deviations of room."""
    rate = false_alarms(simulations=2000, seeds=60, methods=1, rng=np.random.default_rng(0))
    assert rate <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)


def test_planted_better_methods_are_found_soon():
    rng = np.random.default_rng(1)
    found = [evidence(rng.normal(1.5, 1, 20).tolist()) for _ in range(200)]
    assert np.mean([one.p <= 0.05 and one.wins > one.losses for one in found]) > 0.9


def test_coverage_of_fronts_known_by_hand():
    better, worse = np.array([[0.0, 0.0]]), np.array([[1.0, 1.0]])
    assert covered([better], [worse]) == (1.0, 0.0)
    assert covered([better], [better]) == (0.0, 0.0)
    left, right = np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]])
    assert covered([left], [right]) == pytest.approx((0.5, 0.5), abs=0.06)
    assert covered([better], [np.empty((0, 2))]) == (1.0, 0.0)
    weights = directions(3)
    assert len(weights) >= 20 and weights.sum(axis=1) == pytest.approx(np.ones(len(weights)))
