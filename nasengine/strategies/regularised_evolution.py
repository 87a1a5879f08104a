"""Strategy `regularised-evolution`: tournament selection, mutation, and death by age.

Real, Aggarwal, Huang and Le, Regularized Evolution for Image Classifier Architecture
Search (1802.01548). With several objectives or with constraints, survival is that of NSGA-II
(Deb et al. 2002), one child at a time. Unlike in the paper, a child that has been proposed
before is mutated again, a few times, instead of being evaluated twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..core.errors import InvalidSettings
from ..core.outcome import Outcome
from ..core.proposal import Proposal
from ..core.settings import setting
from ..core.strategy import Task
from .common.offspring import MAX_MUTATIONS_HELP, child_of
from .common.population import Population, sample_errors
from .common.proposal_tracker import ProposalTracker, check_version
from .common.repeating import RepeatingStrategy
from .common.steering import SteeredStrategy

VERSION = 1


@dataclass(frozen=True)
class EvolutionConfig:
    """Settings of strategy `regularised-evolution`.

    Raises:
        InvalidSettings: the sample is larger than the population.
    """

    population: int = setting(20, "Members of the population.", low=2, high=10_000)
    sample: int = setting(
        5, "Tournament size: members drawn; the best becomes the parent.", low=1, high=10_000
    )
    survival: str = setting(
        "auto",
        "Which member a child replaces: age: the oldest; nsga2: the worst by rank and crowding; "
        "auto: nsga2 with several objectives or a constraint, else age.",
        choices=("auto", "age", "nsga2"),
    )
    crossover: float = setting(
        0.0, "Probability that a child starts from the crossover of two parents.", low=0.0, high=1.0
    )
    tries: int = setting(30, MAX_MUTATIONS_HELP, low=1, high=10_000)

    def __post_init__(self) -> None:
        if errors := sample_errors(self.sample, self.population):
            raise InvalidSettings(errors)


class RegularisedEvolution(RepeatingStrategy, SteeredStrategy):
    """Evolution by tournaments, mutation and death by age.

    It samples at random until the population is full, then mutates tournament winners. Only
    candidates with a finite value for every objective, or with a violated constraint, join.
    Candidates in flight do not block the search: it continues with the members it has.
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
                    "strategy_config.crossover": "must be 0 on space "
                    f"{task.space.name}, which has no crossover (got {config.crossover:g}): "
                    "set it to 0"
                }
            )
        self._tracker = ProposalTracker(task)
        self._population = Population(task.goals, task.constraints)
        self._by_age = config.survival == "age" or (
            config.survival == "auto" and len(task.goals) == 1 and not task.constraints
        )

    def ask(self) -> Proposal:
        tracker, config = self._tracker, self.config
        if self._population.joined < config.population:
            return tracker.propose_random(config.tries)
        crossed = config.crossover > 0 and tracker.rng.random() < config.crossover
        parents = [
            self._population.tournament(tracker.rng, config.sample)
            for _ in range(2 if crossed else 1)
        ]
        numbers = tuple(dict.fromkeys(parent.number for parent in parents))
        child = child_of(parents, self.task.space, tracker, config.tries)
        return tracker.propose(child, numbers, "crossover" if len(numbers) > 1 else "mutation")

    def tell(self, outcome: Outcome) -> None:
        proposal = self._tracker.record(outcome)
        if not self._population.join(proposal, outcome):
            return
        if self._by_age:
            self._population.keep_youngest(self.config.population)
        else:
            self._population.keep_fittest(self.config.population)

    def state_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "ledger": self._tracker.state_dict(),
            "population": self._population.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._tracker.load_state_dict(state["ledger"])
        self._population.load_state_dict(state["population"])

    def view(self) -> dict[str, Any]:
        """Return the numbers of the members (oldest first), population size and survival rule."""
        return {
            "members": [member.number for member in self._population.members],
            "size": self.config.population,
            "survival": "age" if self._by_age else "nsga2",
        }
