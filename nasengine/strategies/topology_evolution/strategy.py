"""Strategy `topology-evolution`: graphs grow by mutation and breeding, and pass on knowledge.

Zhang, Kiranyaz and Gabbouj, Finding Better Topologies for Deep Convolutional Neural Networks by
Evolution (1809.03242). A population begins minimal and grows; what an individual knows besides
its topology is passed on: with the estimator `inherit` its weights, here the learning rate and
the batch size, learned from the whole population. Probabilities, population and selection are
unknown from the paper: they are settings, the five mutations' chances those of the space.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import InvalidSettings
from ...core.outcome import Outcome
from ...core.proposal import Proposal
from ...core.settings import setting
from ...core.strategy import Strategy, Task
from ..common.offspring import child_of
from ..common.population import Member, Population
from ..common.proposal_tracker import ProposalTracker, check_version
from .learned_training import LearnedTraining, Range

VERSION = 1
POINTS = 200


@dataclass(frozen=True)
class TopologyEvolutionConfig:
    """Settings of strategy `topology-evolution`.

    Raises:
        InvalidSettings: a range that is upside down, or a sample larger than the population.
    """

    population: int = setting(20, "Individuals that may become parents.", low=2, high=10_000)
    sample: int = setting(
        3, "Individuals drawn for a tournament; the best becomes a parent.", low=1, high=10_000
    )
    breeding: float = setting(
        0.25, "Chance that a child is bred from two parents.", low=0.0, high=1.0
    )
    minimal: bool = setting(
        True, "Begin with the space's smallest architectures, where it grows; else at random."
    )
    learn: bool = setting(
        True, "Learn learning rate and batch size; off: the estimator's own settings hold."
    )
    fittest: float = setting(
        0.5, "Share of the population that new individuals learn from.", low=0.01, high=1.0
    )
    least_rate: float = setting(0.01, "Lowest learning rate that is tried.", low=1e-8)
    most_rate: float = setting(0.2, "Highest learning rate that is tried.", low=1e-8)
    least_batch: int = setting(32, "Smallest batch that is tried.", low=2, high=65_536)
    most_batch: int = setting(128, "Largest batch that is tried.", low=2, high=65_536)
    stray: float = setting(
        0.25, "Least spread of what is drawn, in natural logarithms.", low=0.0, high=5.0
    )
    tries: int = setting(
        30,
        "Mutations on top of one another until a child is new; 1: do not mind.",
        low=1,
        high=10_000,
    )

    def __post_init__(self) -> None:
        errors = {}
        if self.sample > self.population:
            errors["sample"] = (
                f"{self.sample} is more than the population of {self.population}: lower it, or "
                "raise population"
            )
        for least, most in (("least_rate", "most_rate"), ("least_batch", "most_batch")):
            low, high = getattr(self, least), getattr(self, most)
            if low > high:
                errors[least] = f"{low:g} is above {most} {high:g}: lower it"
        if errors:
            raise InvalidSettings(errors)


class TopologyEvolution(Strategy):
    """Elitist evolution by mutation and breeding; `note` carries what training has learned.

    Only candidates that end as done, with a finite value for every objective, join; of too
    many the worst by rank and crowding leave.
    """

    name = "topology-evolution"
    Config = TopologyEvolutionConfig
    requires = frozenset({"mutate", "crossover"})
    view_kind = "family"
    config: TopologyEvolutionConfig

    def __init__(self, config: TopologyEvolutionConfig, task: Task):
        super().__init__(config, task)
        self._ledger = ProposalTracker(task.seed)
        self._population = Population(task.goals, task.constraints)
        self._training = LearnedTraining(
            Range(config.least_rate, config.most_rate),
            Range(config.least_batch, config.most_batch),
            config.stray,
        )
        self._learned: dict[int, dict[str, Any]] = {}  # of members and of what is in flight
        self._points: list[dict[str, Any]] = []

    def ask(self) -> Proposal:
        if self._population.joined < self.config.population:
            return self._issue(*self._beginner())
        bred = self._ledger.rng.random() < self.config.breeding
        parents = [self._winner() for _ in range(2 if bred else 1)]
        numbers = tuple(dict.fromkeys(parent.number for parent in parents))
        child = child_of(parents, self.task.space, self._ledger, self.config.tries)
        return self._issue(child, numbers, "breeding" if len(numbers) > 1 else "mutation")

    def tell(self, outcome: Outcome) -> None:
        proposal = self._ledger.settle(outcome)
        joined = outcome.state == "done" and self._population.join(
            proposal.number, proposal.architecture, outcome.values
        )
        if joined:
            self._population.keep_fittest(self.config.population)
        alive = {member.number for member in self._population.members} | set(self._ledger.pending)
        self._learned = {n: one for n, one in self._learned.items() if n in alive}

    def state_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "ledger": self._ledger.state_dict(),
            "population": self._population.state_dict(),
            "learned": [[number, dict(one)] for number, one in self._learned.items()],
            "points": [dict(point) for point in self._points],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._ledger.load_state_dict(state["ledger"])
        self._population.load_state_dict(state["population"])
        self._learned = {number: dict(one) for number, one in state["learned"]}
        self._points = [dict(point) for point in state["points"]]

    def view(self) -> dict[str, Any]:
        """Who lives, and what learning rate and batch size the last candidates were given.

        `points` are {"number", "learning_rate", "batch_size"}, none where nothing is learned.
        """
        return {
            "members": [member.number for member in self._population.members],
            "size": self.config.population,
            "points": [dict(point) for point in self._points],
        }

    def _beginner(self) -> tuple[Any, tuple[int, ...], str]:
        """The smallest architectures first, then mutants of them, or random ones."""
        space, ledger = self.task.space, self._ledger
        if not self.config.minimal or "growth" not in space.capabilities:
            return ledger.fresh(space, self.config.tries), (), "random"
        smallest = list(space.smallest())
        left = [one for one in smallest if one not in ledger.known]
        if left:
            return left[0], (), "minimal"
        if self._population.members:
            parent = self._winner()
            child = child_of([parent], space, ledger, self.config.tries)
            return child, (parent.number,), "mutation"
        seed = smallest[int(ledger.rng.integers(len(smallest)))]
        return (
            child_of([Member(-1, seed, (), 0.0)], space, ledger, self.config.tries),
            (),
            "minimal",
        )

    def _issue(self, child: Any, parents: tuple[int, ...], origin: str) -> Proposal:
        note = {}
        if self.config.learn:
            note["training"] = self._training.learned(self._teachers(), self._ledger.rng)
        proposal = self._ledger.issue(child, parents, origin, note)
        if note:
            self._learned[proposal.number] = note["training"]
            point = {"number": proposal.number, **note["training"]}
            self._points = [*self._points, point][-POINTS:]
        return proposal

    def _teachers(self) -> list[dict[str, Any]]:
        """The trainings of the fittest share; nobody's before the population is full."""
        members = self._population.members
        if len(members) < self.config.population:
            return []
        count = max(1, round(self.config.fittest * len(members)))
        best = self._population.best(count)
        return [self._learned[m.number] for m in best if m.number in self._learned]

    def _winner(self) -> Member:
        members = self._population.members
        drawn = self._ledger.rng.integers(len(members), size=self.config.sample)
        return members[self._population.fittest(np.asarray(drawn))]
