"""Verdict on two samples in plain words: better, worse, no clear difference, too few seeds.

Every page and every program takes its words from `verdict`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from .samples import compare_samples, holm

SIGNIFICANT_P = 0.05  # after the correction for several tests
MIN_SHOWN_P = 0.0001
ROUND_P = 0.001  # sentences give smaller p values as "p < 0.001"
MIN_SEEDS = 2
EFFECTS = ((0.71, "large"), (0.64, "medium"), (0.56, "small"))  # Vargha and Delaney, 2000
BETTER, WORSE, UNCLEAR, FEW = "better", "worse", "no clear difference", "too few seeds"


@dataclass(frozen=True)
class Verdict:
    """How a first sample compares with a second; larger values are better.

    Attributes:
        kind: `BETTER`, `WORSE`, `UNCLEAR` or `FEW`.
        size: The effect size in words; "no" for hardly any effect.
        p: The two-sided p value of Mann-Whitney's test; None if a sample is too small.
        corrected_p: The same with Holm's correction.
        smallest_p: The smallest p value that samples of these sizes can have, likewise.
        effect: Vargha and Delaney's A12; None if a sample is too small.
        comparisons: The number of tests that are corrected together.
        counts: The number of values of both samples.
    """

    kind: str
    size: str
    p: float | None
    corrected_p: float | None
    smallest_p: float | None
    effect: float | None
    comparisons: int
    counts: tuple[int, int]

    def reversed(self) -> Verdict:
        """Return how the second sample compares with the first."""
        kind = {BETTER: WORSE, WORSE: BETTER}.get(self.kind, self.kind)
        effect = None if self.effect is None else 1 - self.effect
        return replace(self, kind=kind, effect=effect, counts=(self.counts[1], self.counts[0]))

    def sentence(self, first: str, second: str, measure: str) -> str:
        """Return the verdict as a sentence about two named samples."""
        seeds = seeds_text(self.counts)
        if self.kind == FEW:
            return f"{first} and {second}: too few seeds ({seeds}) to compare their {measure}."
        assert self.corrected_p is not None
        p = f"p < {ROUND_P}" if self.corrected_p < ROUND_P else f"p = {self.corrected_p:.2g}"
        corrected = f"Holm-corrected {p}" if self.comparisons > 1 else p
        figures = f"{seeds}, {corrected}, {self.size} effect"
        if self.kind == UNCLEAR:
            return f"{first} and {second}: no clear difference in {measure} ({figures})."
        return f"{first} is {self.kind} than {second} in {measure} ({figures})."


def verdict(
    test: Mapping[str, float] | None, corrected_p: float, comparisons: int, counts: tuple[int, int]
) -> Verdict:
    """Decide how a first sample compares with a second.

    Args:
        test: The result of `compare_samples`; None if a sample is too small for it.
        corrected_p: Its p value with Holm's correction.
        comparisons: How many tests are corrected together.
        counts: The number of values of both samples.

    Returns:
        Better or worse only for a corrected p below 0.05. "Too few seeds" if no values of these
        numbers of seeds could have reached that.
    """
    if test is None:
        return Verdict(FEW, "no", None, None, None, None, comparisons, counts)
    effect = test["effect"]
    kind = UNCLEAR
    if corrected_p < SIGNIFICANT_P:
        kind = BETTER if effect > 0.5 else WORSE
    elif test["smallest_p"] * comparisons >= SIGNIFICANT_P:
        kind = FEW
    return Verdict(
        kind,
        effect_size(effect),
        test["p"],
        corrected_p,
        test["smallest_p"],
        effect,
        comparisons,
        counts,
    )


def compare_pairs(
    samples: Mapping[str, Sequence[float]], pairs: Sequence[tuple[str, str]] | None = None
) -> dict[tuple[str, str], Verdict]:
    """Test pairs of samples and correct all of the tests together.

    Args:
        samples: The values of each group; larger is better.
        pairs: Which pairs are tested; by default every two groups.
    """
    chosen = list(combinations(samples, 2)) if pairs is None else list(pairs)
    tests = {(a, b): compare_samples(samples[a], samples[b]) for a, b in chosen}
    p_values = {pair: test["p"] for pair, test in tests.items() if test is not None}
    corrected = holm(p_values)
    return {
        pair: verdict(
            test,
            corrected.get(pair, 1.0),
            len(p_values),
            (len(samples[pair[0]]), len(samples[pair[1]])),
        )
        for pair, test in tests.items()
    }


def missing_seeds(counts: tuple[int, int], comparisons: int = 1) -> int:
    """Return how many more values each sample needs before any result can be "better".

    0 if the clearest possible result of these sizes has a corrected p value below 0.05.
    """
    more = 0
    while True:
        first, second = (count + more for count in counts)
        smallest = 2 / math.comb(first + second, first)
        if min(first, second) >= MIN_SEEDS and smallest * comparisons < SIGNIFICANT_P:
            return more
        more += 1


def effect_size(effect: float) -> str:
    """Return an effect A12 in words, whatever its direction."""
    return next((size for minimum, size in EFFECTS if max(effect, 1 - effect) >= minimum), "no")


def seeds_text(counts: tuple[int, int]) -> str:
    """Return the number of seeds of two samples, as "20 seeds each" or "3 and 5 seeds"."""
    first, second = counts
    if first != second:
        return f"{first} and {second} seeds"
    return f"{first} seed{'' if first == 1 else 's'} each"
