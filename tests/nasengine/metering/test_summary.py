"""Median, interval and repetitions: known numbers and coverage."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from nasengine.metering.sampling import Limits, repeat
from nasengine.metering.summary import interval_rank, summarize


@pytest.mark.parametrize(
    ("count", "rank"),
    # From tables of the sign test: the interval is that of sorted samples rank + 1 from both ends.
    [(1, 0), (5, 0), (6, 0), (8, 0), (9, 1), (10, 1), (20, 5), (30, 9), (50, 17), (60, 21)],
)
def test_the_rank_is_that_of_the_sign_test(count, rank):
    assert interval_rank(count) == rank


def test_the_interval_holds_the_median_of_skewed_samples_in_95_percent():
    random = np.random.default_rng(0)
    held = 0
    for _ in range(1000):
        summary = summarize(random.lognormal(size=101))
        held += summary.low <= 1.0 <= summary.high
    assert 940 <= held <= 985


def test_a_summary_by_hand():
    summary = summarize([5.0, 1.0, 2.0, 3.0, 4.0])
    assert (summary.median, summary.low, summary.high) == (3.0, 1.0, 5.0)
    assert (summary.spread, summary.count) == (1.0, 5)
    assert not summary.is_within(0.02)
    assert summarize([2.0] * 30).is_within(0.0)


def test_repetitions_end_when_the_interval_is_narrow():
    values = itertools.cycle([100.0, 100.5, 99.5])
    limits = Limits(warm_up=3, warm_up_seconds=0.0, seconds=60.0)
    samples, summary, narrow = repeat(lambda: next(values), limits)
    assert (len(samples), summary.median, narrow) == (30, 100.0, True)


def test_repetitions_end_when_the_time_is_up_or_there_are_enough():
    values = itertools.cycle([1.0, 2.0])
    quick = Limits(warm_up=0, warm_up_seconds=0.0, seconds=0.0)
    assert len(repeat(lambda: next(values), quick)[0]) == 30
    few = Limits(warm_up=0, warm_up_seconds=0.0, most=45, seconds=60.0)
    samples, _, narrow = repeat(lambda: next(values), few)
    assert (len(samples), narrow) == (45, False)
