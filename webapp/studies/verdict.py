"""The result of a study in one sentence, with the numbers that it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from nasengine.statistics.shift import Shift, shift
from nasengine.statistics.verdicts import (
    BETTER,
    FEW,
    ROUND_P,
    SIGNIFICANT_P,
    Verdict,
    compare_pairs,
    missing_seeds,
    seeds_text,
)
from webapp.compare.budget import UNITS
from webapp.compare.ranking import HYPERVOLUME, Ranking
from webapp.runs.numbers import fixed, number_text

from .plan import RANDOM_SEARCH
from .table import amount_text

RANDOM_WORDS = "random search"


def verdict_of(ranking: Ranking) -> dict[str, Any]:
    """Return the verdict on a ranking; the result is JSON.

    The method with the best mean over its ended runs is compared with random search, and
    otherwise with the second. `sentence` states it in words. With two methods that have results,
    `best` and `other` name them, `kind` is one of `nasengine.statistics.verdicts`, `difference`,
    `low` and `high` are the Hodges-Lehmann estimate and its 95 % interval in the unit of the
    measure (larger: `best` is better), `p` and `corrected_p` belong to Mann-Whitney's test,
    `comparisons` counts the tests that are corrected together, `seeds` the runs of both methods,
    and `more_seeds` those that each method lacks before any result could be clear.
    """
    samples = {name: values for name, values in ranking.values.items() if values}
    if len(ranking.values) < 2:
        return {"sentence": "One method: the result needs a second one to be compared with."}
    if len(samples) < 2:
        return {"sentence": "No result yet: fewer than two methods have finished a run."}
    order = sorted(samples, key=lambda name: -fmean(samples[name]))
    best, second = order[:2]
    against_random = RANDOM_SEARCH in samples
    other = RANDOM_SEARCH if against_random and best != RANDOM_SEARCH else second
    tested = ranking.values if against_random else samples
    pairs = [(n, RANDOM_SEARCH) for n in tested if n != RANDOM_SEARCH] if against_random else None
    tests = compare_pairs(tested, pairs)
    if shift(samples[best], samples[other]).typical < 0:  # better on average, worse in most runs
        best, other = other, best
    test = _between(tests, best, other)
    moved = shift(samples[best], samples[other], _alpha(test))
    few = missing_seeds(test.counts, len(tests)) if test.kind == FEW else 0
    sentence = _sentence(ranking, (best, other), test, moved, few)
    if best != RANDOM_SEARCH and second != other:
        sentence += _about_the_second(samples, best, second)
    return {
        "sentence": sentence,
        "best": best,
        "other": other,
        "kind": test.kind,
        "difference": moved.typical,
        "low": moved.low,
        "high": moved.high,
        "p": test.p,
        "corrected_p": test.corrected_p,
        "comparisons": test.comparisons,
        "seeds": list(test.counts),
        "more_seeds": few,
    }


def _between(verdicts: Mapping[tuple[str, str], Verdict], first: str, second: str) -> Verdict:
    """Return the verdict on two methods in this order, whichever order was tested."""
    if (first, second) in verdicts:
        return verdicts[first, second]
    return verdicts[second, first].reversed()


def _alpha(test: Verdict) -> float:
    """The level at which Holm's correction holds this test to 0.05; its interval has the same."""
    if test.p is None or not test.corrected_p:
        return SIGNIFICANT_P / max(1, test.comparisons)
    return SIGNIFICANT_P * test.p / test.corrected_p


def _sentence(
    ranking: Ranking, methods: tuple[str, str], test: Verdict, moved: Shift, few: int
) -> str:
    (first, second), seeds = map(_words, methods), seeds_text(test.counts)
    at = "as far as all have come"
    if ranking.budget.amount is not None:
        unit = ranking.budget.unit
        at = f"at {amount_text(ranking.budget.amount, unit)} {UNITS[unit]} per run"
    if methods[0] == RANDOM_SEARCH and len(ranking.values) > 2:
        second += ", the best of the other methods,"
    ahead = f"{first} is ahead of {second.removesuffix(',')} ({_lead(ranking, moved)})"
    if not moved.typical:
        ahead = f"{first} and {second} have the same {_measure(ranking)[0]}"
    if few:
        return (
            f"Not enough seeds: {at}, {ahead}, but with {seeds} even the clearest result can be "
            f"chance; each method needs at least {few} more seed{'' if few == 1 else 's'}."
        )
    start = f"So far, {at}" if ranking.budget.notes else f"A{at[1:]}"
    statistics = f"({_p_text(test)}; {seeds})"
    if test.kind == BETTER:
        return (
            f"{start}, {first} is better than {second.removesuffix(',')}: {_lead(ranking, moved)}, "
            f"more than chance explains {statistics}."
        )
    chance = ", but the difference can be chance" if moved.typical else ""
    return f"{start}, no method is clearly better: {ahead}{chance} {statistics}."


def _lead(ranking: Ranking, moved: Shift) -> str:
    """By how much the measure of the best method differs, with the interval."""
    measure, name, unit, way = _measure(ranking)
    size = number_text(name, moved.typical, unit)
    words = {"%": " percentage points", "": "", "MAC": ""}.get(unit, f" {unit}")
    text = f"its {measure} is typically {'higher' if way > 0 else 'lower'} by {size}{words}"
    if moved.low is None or moved.high is None:
        return text
    ends = (moved.low, moved.high)
    low, high = (number_text(name, end, unit) for end in ends)
    if size.replace(".", "").isdigit():  # as exact as the difference
        low, high = (fixed(end, len(size.partition(".")[2])) for end in ends)
    return f"{text}, 95 % interval {low} to {high}"


def _measure(ranking: Ranking) -> tuple[str, str, str, int]:
    """The measure in words, its name and unit, and 1 if higher values are better, otherwise -1."""
    if ranking.measure == HYPERVOLUME or not ranking.goals:
        return "hypervolume", "hypervolume", "", 1
    goal = ranking.goals[0]
    way = 1 if goal.better == "higher" else -1
    return f"best {goal.name.replace('@', ' on ')}", goal.name, goal.unit, way


def _p_text(test: Verdict) -> str:
    assert test.corrected_p is not None
    p = f"p < {ROUND_P}" if test.corrected_p < ROUND_P else f"p = {test.corrected_p:.2g}"
    if test.comparisons == 1:
        return f"Mann-Whitney test, {p}"
    return f"Mann-Whitney test, {p} with Holm's correction for {test.comparisons} comparisons"


def _about_the_second(samples: Mapping[str, Sequence[float]], best: str, second: str) -> str:
    """Whether the best method is also better than the second, among the tests of all pairs."""
    verdicts = compare_pairs(samples)
    test = _between(verdicts, best, second)
    if test.kind == FEW or test.corrected_p is None:
        few = missing_seeds(test.counts, len(verdicts))
        return (
            f" So few seeds cannot show whether it is also better than {second}, the second: each "
            f"method needs at least {few} more seed{'' if few == 1 else 's'}."
        )
    p = f"p < {ROUND_P}" if test.corrected_p < ROUND_P else f"p = {test.corrected_p:.2g}"
    found = "It is also better than" if test.kind == BETTER else "It is not clearly better than"
    tests = test.comparisons
    return f" {found} {second}, the second ({p} with Holm's correction for all {tests} pairs)."


def _words(method: str) -> str:
    return RANDOM_WORDS if method == RANDOM_SEARCH else method
