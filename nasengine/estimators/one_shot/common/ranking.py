"""Ranking of architectures by their supernet scores: all quickly, the best completely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....core.architecture import Architecture
from .supernet import Supernet, rounded

QUICK_SCORE = 512  # images or words
FINALISTS = 10


def rank(supernet: Supernet, architectures: Sequence[Architecture], count: int) -> dict[str, Any]:
    """Return {"genomes", "errors"} of the best `count` different architectures, best first.

    All architectures are scored on the start of the valid part, the finalists on all of it.
    """
    space, feed, network = supernet.evaluation.space, supernet.feed, supernet.network
    unique = list({architecture.canonical: architecture for architecture in architectures}.values())
    quick = [feed.score(network, space.choices(a), QUICK_SCORE).value for a in unique]
    finalists = [unique[i] for i in _ascending(quick)[: max(FINALISTS, count)]]
    complete = [feed.score(network, space.choices(a)).value for a in finalists]
    best = _ascending(complete)[:count]
    return {
        "genomes": [finalists[i].genome for i in best],
        "errors": [rounded(complete[i]) for i in best],
    }


def _ascending(values: Sequence[float]) -> list[int]:
    """Return the positions of the values in ascending order, ties in their original order."""
    return sorted(range(len(values)), key=lambda i: (values[i], i))
