"""Shift of two samples: by hand, and consistent with the test of scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from nasengine.statistics.shift import Shift, shift
from nasengine.statistics.verdicts import compare_pairs, missing_seeds

RNG = np.random.default_rng(7)


def test_the_shift_is_the_median_over_pairs():
    assert shift([5.0, 6.0, 7.0], [1.0, 2.0, 4.0]) == Shift(4.0, None, None)
    assert shift([2.0], [5.0]).typical == -3.0


def test_the_interval_of_four_against_four_spans_all_pairs():
    """p = 2/70 only for U = 0, so that just the extreme differences are rejected."""
    assert shift([10.0, 11.0, 12.0, 13.0], [1.0, 2.0, 3.0, 4.0]) == Shift(9.0, 6.0, 12.0)
    assert shift([10.0, 11.0, 12.0, 13.0], [1.0, 2.0, 3.0, 4.0], alpha=0.02).low is None


@pytest.mark.parametrize("sizes", [(5, 5), (7, 4), (3, 12), (20, 20)])
def test_the_interval_holds_what_the_test_does_not_reject(sizes):
    m, n = sizes
    first, second = RNG.normal(0.5, 1, m), RNG.normal(0, 1, n)
    found = shift(first.tolist(), second.tolist())
    assert found.low < found.typical < found.high
    for end, outwards in ((found.low, -1), (found.high, 1)):
        for step, rejected in ((1e-9, True), (-1e-9, False)):
            moved = first - (end + outwards * step)
            p = mannwhitneyu(moved, second, method="exact").pvalue
            assert bool(p < 0.05) is rejected


def test_large_samples_have_an_interval_of_the_normal_distribution():
    first, second = RNG.normal(1, 1, 100), RNG.normal(0, 1, 90)
    found = shift(first.tolist(), second.tolist())
    for end in (found.low, found.high):
        p = mannwhitneyu(first - end, second, method="asymptotic").pvalue
        assert p == pytest.approx(0.05, abs=0.002)


@pytest.mark.parametrize(
    ("counts", "comparisons", "more"),
    [((2, 2), 1, 2), ((0, 1), 1, 4), ((4, 4), 1, 0), ((4, 4), 6, 1), ((3, 9), 1, 0)],
)
def test_missing_seeds_are_those_that_make_a_clear_result_possible(counts, comparisons, more):
    assert missing_seeds(counts, comparisons) == more


def test_a_reversed_verdict_is_that_on_the_other_order():
    low, high = [1.0, 2.0, 3.0, 4.0, 5.0], [11.0, 12.0, 13.0, 14.0]
    there = compare_pairs({"a": low, "b": high})["a", "b"]
    back = compare_pairs({"b": high, "a": low})["b", "a"]
    assert there.reversed() == back
