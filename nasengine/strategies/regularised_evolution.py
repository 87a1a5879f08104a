"""Strategy `regularised-evolution`: tournament, mutation, and death by age.

Real, Aggarwal, Huang and Le, Regularized Evolution for Image Classifier Architecture
Search (1802.01548). With several objectives or with constraints, survival is NSGA-II's
(Deb et al. 2002), one child at a time. Differently from the paper, an architecture that
was proposed before is mutated on, a few times, instead of being evaluated again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..core.errors import InvalidSettings
from ..core.outcome import Outcome
from ..core.proposal import Proposal
from ..core.settings import setting
from ..core.strategy import Strategy, Task
from .common.offspring import child_of
from .common.population import Member, Population
from .common.proposal_tracker import ProposalTracker, check_version

VERSION = 1


@dataclass(frozen=True)
class EvolutionConfig:
    """Settings of strategy `regularised-evolution`.

    Raises:
        InvalidSettings: the sample is larger than the population.
    """

    population: int = setting(20, "Members that may become parents.", low=2, high=10_000)
    sample: int = setting(
        5, "Members drawn for a tournament; the best becomes the parent.", low=1, high=10_000
    )
    survival: str = setting(
        "auto",
        "Who leaves when a child joins: the oldest (age), the worst by rank and crowding "
        "(nsga2); auto: nsga2 with several objectives or any constraint.",
        choices=("auto", "age", "nsga2"),
    )
    crossover: float = setting(
        0.0, "Chance that a child is first crossed from two parents.", low=0.0, high=1.0
    )
    tries: int = setting(
        30,
        "Mutations on top of one another until a child is new; 1: do not mind.",
        low=1,
        high=10_000,
    )

    def __post_init__(self) -> None:
        if self.sample > self.population:
            raise InvalidSettings(
                {
                    "sample": f"{self.sample} is more than the population of {self.population}: "
                    "lower it, or raise population"
                }
            )


class RegularisedEvolution(Strategy):
    """Random until the population is full, then children of tournament winners.

    Only candidates that end as done, with a finite value for every objective, join; all
    others are forgotten once told. While some are in flight it goes on with those it has.
    """

    name = "regularised-evolution"
    Config = EvolutionConfig
    requires = frozenset({"mutate"})
    view_kind = "population"
    config: EvolutionConfig

    def __init__(self, config: EvolutionConfig, task: Task):
        super().__init__(config, task)
        if config.crossover and "crossover" not in task.space.capabilities:
            raise InvalidSettings(
                {
                    "strategy_config.crossover": f"{config.crossover:g} needs a space that "
                    f"offers crossover, which {task.space.name} does not: set it to 0"
                }
            )
        self._ledger = ProposalTracker(task.seed)
        self._population = Population(task.goals, task.constraints)
        self._by_age = config.survival == "age" or (
            config.survival == "auto" and len(task.goals) == 1 and not task.constraints
        )

    def ask(self) -> Proposal:
        if self._population.joined < self.config.population:
            return self._ledger.issue(self._ledger.fresh(self.task.space, self.config.tries))
        crossed = self.config.crossover > 0 and self._ledger.rng.random() < self.config.crossover
        parents = [self._winner() for _ in range(2 if crossed else 1)]
        numbers = tuple(dict.fromkeys(parent.number for parent in parents))
        origin = "crossover" if len(numbers) > 1 else "mutation"
        return self._ledger.issue(
            child_of(parents, self.task.space, self._ledger, self.config.tries), numbers, origin
        )

    def tell(self, outcome: Outcome) -> None:
        proposal = self._ledger.settle(outcome)
        if outcome.state != "done":
            return
        if not self._population.join(proposal.number, proposal.architecture, outcome.values):
            return
        if self._by_age:
            self._population.keep_youngest(self.config.population)
        else:
            self._population.keep_fittest(self.config.population)

    def state_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "ledger": self._ledger.state_dict(),
            "population": self._population.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._ledger.load_state_dict(state["ledger"])
        self._population.load_state_dict(state["population"])

    def view(self) -> dict[str, Any]:
        """Numbers of the members, oldest first, and how large the population shall be."""
        return {
            "members": [member.number for member in self._population.members],
            "size": self.config.population,
            "survival": "age" if self._by_age else "nsga2",
        }

    def _winner(self) -> Member:
        """The fittest of a sample drawn with replacement; the first drawn of equals."""
        count = len(self._population.members)
        drawn = self._ledger.rng.integers(count, size=self.config.sample)
        return self._population.members[self._population.fittest(drawn)]
