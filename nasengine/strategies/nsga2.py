"""Strategy `nsga2`: generations, binary tournaments, elitist survival by rank and crowding.

Deb, Pratap, Agarwal and Meyarivan, A fast and elitist multiobjective genetic algorithm:
NSGA-II (IEEE Transactions on Evolutionary Computation 6, 2002). Two differences from the
paper: a generation does not wait for its last member, so children are bred from the present
population while others are in flight, and survivors are selected whenever `population`
children have ended; and a child that has been proposed before is mutated again instead of
being evaluated twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..core.outcome import Outcome
from ..core.proposal import Proposal
from ..core.settings import setting
from ..core.strategy import Task
from .common.offspring import MAX_MUTATIONS_HELP, child_of
from .common.population import Population
from .common.proposal_tracker import ProposalTracker, check_version
from .common.repeating import RepeatingStrategy
from .common.steering import SteeredStrategy

VERSION = 1
TOURNAMENT = 2


@dataclass(frozen=True)
class NSGA2Config:
    """Settings of strategy `nsga2`."""

    population: int = setting(
        20, "Members of the population, and children per generation.", low=2, high=10_000
    )
    crossover: float = setting(
        0.5, "Probability that a child is the crossover of two parents.", low=0.0, high=1.0
    )
    mutation: float = setting(
        0.5, "Probability that a crossover is mutated as well.", low=0.0, high=1.0
    )
    tries: int = setting(30, MAX_MUTATIONS_HELP, low=1, high=10_000)


class NSGA2(RepeatingStrategy, SteeredStrategy):
    """Elitist evolution for several objectives: tournaments and survival by rank and crowding.

    It samples at random until the first generation is complete. Only candidates with
    a finite value for every objective, or with a violated constraint, take part.
    """

    name = "nsga2"
    Config = NSGA2Config
    requires = frozenset({"mutate", "crossover"})
    view_kind = "population"
    config: NSGA2Config

    def __init__(self, config: NSGA2Config, task: Task):
        super().__init__(config, task)
        self._tracker = ProposalTracker(task)
        self._population = Population(task.goals, task.constraints)
        self._children = Population(task.goals, task.constraints)
        self._generation = 0

    def ask(self) -> Proposal:
        tracker, config = self._tracker, self.config
        if not self._generation:
            return tracker.propose_random(config.tries)
        crossed = tracker.rng.random() < config.crossover
        parents = [
            self._population.tournament(tracker.rng, TOURNAMENT) for _ in range(2 if crossed else 1)
        ]
        numbers = tuple(dict.fromkeys(parent.number for parent in parents))
        mutated = tracker.rng.random() < config.mutation
        child = child_of(parents, self.task.space, tracker, config.tries, mutate=mutated)
        return tracker.propose(child, numbers, "crossover" if len(numbers) > 1 else "mutation")

    def tell(self, outcome: Outcome) -> None:
        proposal = self._tracker.record(outcome)
        self._children.join(proposal, outcome)
        if len(self._children.members) >= self.config.population:
            self._population.merge(self._children)
            self._population.keep_fittest(self.config.population)
            self._children = Population(self.task.goals, self.task.constraints)
            self._generation += 1

    def state_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "ledger": self._tracker.state_dict(),
            "population": self._population.state_dict(),
            "children": self._children.state_dict(),
            "generation": self._generation,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._tracker.load_state_dict(state["ledger"])
        self._population.load_state_dict(state["population"])
        self._children.load_state_dict(state["children"])
        self._generation = state["generation"]

    def view(self) -> dict[str, Any]:
        """Return the numbers of the members (oldest first), the population size and generation."""
        return {
            "members": [member.number for member in self._population.members],
            "size": self.config.population,
            "survival": "nsga2",
            "generation": self._generation,
        }
