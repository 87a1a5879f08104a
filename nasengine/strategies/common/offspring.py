"""How a child comes of its parents: crossed, mutated, and new."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.architecture import Architecture
from ...core.space import Space
from .population import Member
from .proposal_tracker import ProposalTracker


def child_of(
    parents: Sequence[Member],
    space: Space,
    ledger: ProposalTracker,
    tries: int,
    mutate: bool = False,
) -> Architecture:
    """Of two parents a crossing, mutated where it is known or `mutate` says so; of one a mutant.

    It is mutated on, up to `tries` times, until nobody has proposed it.
    """
    child = parents[0].architecture
    if len(parents) > 1:
        child = space.crossover(child, parents[1].architecture, ledger.rng)
        if child not in ledger.known and not mutate:
            return child
    for _ in range(tries):
        child = space.mutate(child, ledger.rng)
        if child not in ledger.known:
            break
    return child
