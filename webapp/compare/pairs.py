"""Tests of the groups of a comparison: a sentence per pair, and the critical-difference diagram.

Demšar, Statistical comparisons of classifiers over multiple data sets, JMLR 7 (2006): average
ranks on one axis, and bars over the groups between which no difference was found. The bars follow
the same corrected tests as the sentences, as Benavoli et al. (JMLR 17, 2016) recommend: tests of
mean ranks would depend on the other groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nasengine.statistics.verdicts import BETTER, FEW, WORSE, Verdict, compare_pairs

from .ranking import HYPERVOLUME, Ranking

MAX_ALL_PAIRS = 8  # more groups are compared with the base only
WIDTH, LEFT, ROW, TOP = 780.0, 240.0, 22.0, 40.0  # room for labels of `MAX_NAME` characters
MAX_NAME = 24
BAR_STEP = 8.0


@dataclass(frozen=True)
class Pair:
    """A pair of groups: the sentence about it, and the numbers of the test."""

    first: str
    second: str
    kind: str
    sentence: str
    title: str


@dataclass(frozen=True)
class Pairs:
    """The tested pairs of groups.

    Attributes:
        pairs: One entry per pair, differences first.
        against: The base if only pairs with it are tested, otherwise empty.
        diagram: The critical-difference diagram; None without one.
        why_none: Why there is no diagram.
    """

    pairs: list[Pair]
    against: str
    diagram: dict[str, Any] | None
    why_none: str


def pairs_of(ranking: Ranking, labels: Sequence[str], base: str) -> Pairs:
    """Test the groups of a ranking.

    Args:
        ranking: The ranking.
        labels: The groups in the order of the page.
        base: The group that the others are compared with if there are more than eight.
    """
    samples = {label: ranking.values[label] for label in labels}
    every = len(labels) <= MAX_ALL_PAIRS
    order = [label for label in ranking.groups if label in samples]
    if every:
        verdicts = compare_pairs({label: samples[label] for label in order})
    else:
        verdicts = compare_pairs(samples, [(label, base) for label in order if label != base])
    measure = "hypervolume" if ranking.measure == HYPERVOLUME else _measure(ranking)
    pairs = [_pair(a, b, verdict, measure) for (a, b), verdict in verdicts.items()]
    pairs.sort(key=lambda pair: {BETTER: 0, WORSE: 0, FEW: 2}.get(pair.kind, 1))
    why = _why_no_diagram(ranking, labels, every)
    diagram = None if why else diagram_of(
        {label: ranking.groups[label]["rank"] for label in order}, verdicts
    )  # fmt: skip
    return Pairs(pairs, "" if every else base, diagram, why)


def _measure(ranking: Ranking) -> str:
    return f"best {ranking.goals[0].name}" if ranking.goals else "results"


def _pair(first: str, second: str, verdict: Verdict, measure: str) -> Pair:
    if verdict.kind == WORSE:
        verdict = verdict.reversed()
        first, second = second, first
    title = "Each group needs at least two ended runs"
    if verdict.p is not None:
        title = (
            f"Mann-Whitney test, two-sided, p = {verdict.p!r}; with Holm's correction for "
            f"{verdict.comparisons} comparison{'' if verdict.comparisons == 1 else 's'} "
            f"p = {verdict.corrected_p!r}; A12 = {verdict.effect!r}"
        )
    return Pair(first, second, verdict.kind, verdict.sentence(first, second, measure), title)


def _why_no_diagram(ranking: Ranking, labels: Sequence[str], every: bool) -> str:
    if len(labels) < 3:
        return "two groups need no diagram"
    if not every:
        return f"more than {MAX_ALL_PAIRS} groups"
    if any(ranking.groups[label]["rank"] is None for label in labels):
        return "the groups have no seed in common at which every one has one ended run"
    if min(ranking.groups[label]["seeds"] for label in labels) < 2:
        return "only one seed is common to all groups"
    return ""


def diagram_of(ranks: dict[str, float], verdicts: dict[tuple[str, str], Verdict]) -> dict[str, Any]:
    """Return the positions of axis, marks and bars of a critical-difference diagram.

    Args:
        ranks: The mean rank of each group; 1 is best.
        verdicts: The verdict of each pair of groups.
    """
    order = sorted(ranks, key=lambda name: (ranks[name], name))
    count = len(order)

    def x(rank: float) -> float:
        return round(LEFT + (WIDTH - 2 * LEFT) * (rank - 1) / (count - 1), 1)

    bars = [
        {"from": x(ranks[clique[0]]) - 4, "to": x(ranks[clique[-1]]) + 4,
         "y": TOP + BAR_STEP * (level + 1)}
        for level, clique in enumerate(cliques(order, verdicts))
    ]  # fmt: skip
    first_row = TOP + BAR_STEP * (len(bars) + 1) + 12
    half = (count + 1) // 2
    marks = []
    for place, name in enumerate(order):
        left = place < half
        row = place if left else count - 1 - place
        marks.append({
            "name": name, "short": _short(name), "rank": f"{ranks[name]:.2f}", "x": x(ranks[name]),
            "y": first_row + ROW * row, "left": left, "end": LEFT - 8 if left else WIDTH - LEFT + 8,
            "text": LEFT - 14 if left else WIDTH - LEFT + 14,
        })  # fmt: skip
    return {
        "width": WIDTH,
        "height": first_row + ROW * half,
        "axis": {"from": x(1), "to": x(count), "y": TOP},
        "ticks": [{"x": x(rank), "text": str(rank)} for rank in range(1, count + 1)],
        "bars": bars,
        "marks": marks,
    }


def _short(name: str) -> str:
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…"


def cliques(order: Sequence[str], verdicts: dict[tuple[str, str], Verdict]) -> list[list[str]]:
    """Return the largest stretches of ranked groups in which no two differ."""

    def differ(a: str, b: str) -> bool:
        found = verdicts.get((a, b)) or verdicts.get((b, a))
        return found is not None and found.kind in (BETTER, WORSE)

    stretches: list[list[str]] = []
    for start in range(len(order)):
        end = start + 1
        while end < len(order) and not any(differ(order[end], order[i]) for i in range(start, end)):
            end += 1
        inside = bool(stretches) and set(order[start:end]) <= set(stretches[-1])
        if end - start > 1 and not inside:
            stretches.append(list(order[start:end]))
    return stretches
