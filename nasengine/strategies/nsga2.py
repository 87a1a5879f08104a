"""Strategy `nsga2`: generations, binary tournaments, elitist survival by rank and crowding.

Deb, Pratap, Agarwal and Meyarivan, A fast and elitist multiobjective genetic algorithm:
NSGA-II (IEEE Transactions on Evolutionary Computation 6, 2002). Differently from the paper a
generation does not wait for its last member: children are asked of the present population
while others are in flight, and survival takes place whenever a generation's worth has ended.
An architecture that was proposed before is mutated on instead of being evaluated again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..core.outcome import Outcome
from ..core.proposal import Proposal
from ..core.settings import setting
from ..core.strategy import Strategy, Task
from .common.offspring import child_of
from .common.population import Member, Population
from .common.proposal_tracker import ProposalTracker, check_version

VERSION = 1


@dataclass(frozen=True)
class NSGA2Config:
    """Settings of strategy `nsga2`."""

    population: int = setting(20, "Members, and children of a generation.", low=2, high=10_000)
    crossover: float = setting(
        0.5, "Chance that a child is crossed from two parents.", low=0.0, high=1.0
    )
    mutation: float = setting(
        0.5, "Chance that a crossed child is mutated as well.", low=0.0, high=1.0
    )
    tries: int = setting(
        30,
        "Mutations on top of one another until a child is new; 1: do not mind.",
        low=1,
        high=10_000,
    )


class NSGA2(Strategy):
    """Random until the population is full, then generation after generation.

    Only candidates that end as done, with a finite value for every objective, take part.
    """

    name = "nsga2"
    Config = NSGA2Config
    requires = frozenset({"mutate", "crossover"})
    view_kind = "population"
    config: NSGA2Config

    def __init__(self, config: NSGA2Config, task: Task):
        super().__init__(config, task)
        self._ledger = ProposalTracker(task.seed)
        self._population = Population(task.goals, task.constraints)
        self._children = Population(task.goals, task.constraints)
        self._generation = 0

    def ask(self) -> Proposal:
        ledger, config = self._ledger, self.config
        if not self._generation:
            return ledger.issue(ledger.fresh(self.task.space, config.tries))
        crossed = ledger.rng.random() < config.crossover
        parents = [self._winner() for _ in range(2 if crossed else 1)]
        numbers = tuple(dict.fromkeys(parent.number for parent in parents))
        mutated = ledger.rng.random() < config.mutation
        child = child_of(parents, self.task.space, ledger, config.tries, mutate=mutated)
        return ledger.issue(child, numbers, "crossover" if len(numbers) > 1 else "mutation")

    def tell(self, outcome: Outcome) -> None:
        proposal = self._ledger.settle(outcome)
        if outcome.state != "done":
            return
        self._children.join(proposal.number, proposal.architecture, outcome.values)
        if len(self._children.members) >= self.config.population:
            self._population.take_in(self._children)
            self._population.keep_fittest(self.config.population)
            self._children = Population(self.task.goals, self.task.constraints)
            self._generation += 1

    def state_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "ledger": self._ledger.state_dict(),
            "population": self._population.state_dict(),
            "children": self._children.state_dict(),
            "generation": self._generation,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._ledger.load_state_dict(state["ledger"])
        self._population.load_state_dict(state["population"])
        self._children.load_state_dict(state["children"])
        self._generation = state["generation"]

    def view(self) -> dict[str, Any]:
        """Numbers of the members, oldest first, how many there shall be, and the generation."""
        return {
            "members": [member.number for member in self._population.members],
            "size": self.config.population,
            "survival": "nsga2",
            "generation": self._generation,
        }

    def _winner(self) -> Member:
        """The better of two drawn with replacement."""
        members = self._population.members
        drawn = self._ledger.rng.integers(len(members), size=2)
        return members[self._population.fittest(drawn)]
