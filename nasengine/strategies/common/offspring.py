"""Children of one or two parents, by crossover and mutation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...core.architecture import Architecture
from ...core.space import Space
from .population import Member
from .proposal_tracker import ProposalTracker

MAX_MUTATIONS_HELP = "Most mutations in a row until a child is new; 1: duplicates are allowed."
MAX_SAMPLES_HELP = "Most draws until a random architecture is new; 1: duplicates are allowed."


def child_of(
    parents: Sequence[Member],
    space: Space,
    tracker: ProposalTracker,
    max_mutations: int,
    mutate: bool = False,
) -> Architecture:
    """Return a mutant of one parent, or the crossover of two.

    A crossover is mutated as well if it has been seen or if `mutate` is set. Mutations are
    applied on top of one another, at most `max_mutations` times, until the child is unseen and
    predicted to meet the constraints; a mutation that is predicted to violate one is taken back.
    """
    child = parents[0].architecture
    if len(parents) > 1:
        child = space.crossover(child, parents[1].architecture, tracker.rng)
        accepted = child not in tracker.seen and not tracker.feasibility.violation(child)
        if accepted and not mutate:
            return child

    def mutants() -> Iterator[Architecture]:
        base = child
        for _ in range(max_mutations):
            mutant = space.mutate(base, tracker.rng)
            yield mutant
            if mutant in tracker.seen:
                base = mutant

    return tracker.choose(mutants(), lambda mutant: mutant)
