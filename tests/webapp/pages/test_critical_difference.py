"""The critical-difference diagram: planted groups, places, stretches against a slow twin."""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

from nasengine.statistics.samples import mean_ranks
from nasengine.statistics.verdicts import BETTER, compare_pairs
from webapp.compare.pairs import LEFT, WIDTH, cliques, diagram_of

LETTER = 7.0  # pixels of a letter of 12 px, at most


def test_two_equal_methods_share_a_bar_and_a_worse_one_stays_outside():
    rng = np.random.default_rng(3)
    good = (0.8 + 0.01 * rng.standard_normal(20)).tolist()
    twin = (0.8 + 0.01 * rng.standard_normal(20)).tolist()
    bad = (0.5 + 0.01 * rng.standard_normal(20)).tolist()
    samples = {"good": good, "bad": bad, "twin": twin}
    ranks = {name: found["rank"] for name, found in mean_ranks(samples).items()}
    diagram = diagram_of(ranks, compare_pairs(samples))
    places = {mark["name"]: mark["x"] for mark in diagram["marks"]}
    assert places["bad"] == WIDTH - LEFT, "rank 3 of 3 is the right end of the axis"
    assert sum(places.values()) - places["bad"] == pytest.approx(2 * LEFT + (WIDTH - 2 * LEFT) / 2)
    (bar,) = diagram["bars"]
    covered = {name for name, x in places.items() if bar["from"] <= x <= bar["to"]}
    assert covered == {"good", "twin"}
    assert {mark["name"]: mark["rank"] for mark in diagram["marks"]}["bad"] == "3.00"


def test_labels_stay_inside_and_on_lines_of_their_own():
    names = [f"{'regularised-evolution with a long name'[: 8 * n]}{n}" for n in range(1, 9)]
    ranks = {name: float(place) for place, name in enumerate(names, start=1)}
    diagram = diagram_of(ranks, {})
    taken = set()
    for mark in diagram["marks"]:
        length = LETTER * len(f"{mark['short']} ({mark['rank']})")
        assert mark["text"] - length >= 0 if mark["left"] else mark["text"] + length <= WIDTH
        assert mark["y"] <= diagram["height"]
        taken.add((mark["left"], mark["y"]))
    assert len(taken) == len(names)
    assert len({bar["y"] for bar in diagram["bars"]}) == len(diagram["bars"])


@pytest.mark.parametrize("seed", range(20))
def test_bars_are_the_largest_stretches_without_a_difference(seed):
    rng = np.random.default_rng(seed)
    order = [f"m{i}" for i in range(7)]
    differing = {pair for pair in combinations(order, 2) if rng.random() < 0.4}
    verdicts = {
        (b, a) if rng.random() < 0.5 else (a, b): SimpleNamespace(
            kind=BETTER if (a, b) in differing else "no clear difference"
        )
        for a, b in combinations(order, 2)
    }
    alike = [
        order[i:j]
        for i in range(7)
        for j in range(i + 2, 8)
        if not set(combinations(order[i:j], 2)) & differing
    ]
    largest = [s for s in alike if not any(set(s) < set(other) for other in alike)]
    assert cliques(order, verdicts) == largest
