"""Strategy `topology-evolution`: graphs grow by mutation and breeding and inherit knowledge.

Zhang, Kiranyaz and Gabbouj, Finding Better Topologies for Deep Convolutional Neural Networks by
Evolution (1809.03242). A population starts minimal and grows. An individual passes on more than
its topology: its weights, with the estimator `inherit`, and the learning rate and batch size
that the population has learned. The paper does not give its probabilities, population size and
selection: they are settings here, and the probabilities of the five mutations are settings of
the space. Breeding matches convolutions by id; with the space's setting `ids` innovation, which
the preset has, unrelated lineages share an id only for a convolution at the same place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...core.architecture import Architecture
from ...core.errors import InvalidSettings
from ...core.outcome import Outcome
from ...core.proposal import Proposal
from ...core.settings import setting
from ...core.strategy import Task
from ..common.offspring import MAX_MUTATIONS_HELP, child_of
from ..common.population import Member, Population, sample_errors
from ..common.proposal_tracker import ProposalTracker, check_version
from ..common.recent import append_recent
from ..common.repeating import RepeatingStrategy
from ..common.steering import SteeredStrategy
from .learned_training import LearnedTraining, Range

VERSION = 1


@dataclass(frozen=True)
class TopologyEvolutionConfig:
    """Settings of strategy `topology-evolution`.

    Raises:
        InvalidSettings: a range whose low end is above its high end, or a sample larger than
            the population.
    """

    population: int = setting(20, "Members of the population.", low=2, high=10_000)
    sample: int = setting(
        3, "Tournament size: members drawn; the best becomes a parent.", low=1, high=10_000
    )
    breeding: float = setting(
        0.25, "Probability that a child is bred from two parents.", low=0.0, high=1.0
    )
    minimal: bool = setting(
        True, "Start from the space's smallest architectures, if it has growth; off: at random."
    )
    learn: bool = setting(
        True, "Learn the learning rate and batch size; off: the estimator's settings apply."
    )
    fittest: float = setting(
        0.5, "Share of the population from which training settings are learned.", low=0.01, high=1.0
    )
    least_rate: float = setting(0.01, "Lowest learning rate.", low=1e-8)
    most_rate: float = setting(0.2, "Highest learning rate.", low=1e-8)
    least_batch: int = setting(32, "Smallest batch size.", low=2, high=65_536)
    most_batch: int = setting(128, "Largest batch size.", low=2, high=65_536)
    stray: float = setting(
        0.25,
        "Minimum spread of new learning rates and batch sizes (standard deviation of their "
        "natural logarithms).",
        low=0.0,
        high=5.0,
    )
    tries: int = setting(30, MAX_MUTATIONS_HELP, low=1, high=10_000)

    def __post_init__(self) -> None:
        errors = sample_errors(self.sample, self.population)
        for low_name, high_name in (("least_rate", "most_rate"), ("least_batch", "most_batch")):
            low, high = getattr(self, low_name), getattr(self, high_name)
            if low > high:
                errors[low_name] = f"must be at most {high_name}, {high:g} (got {low:g}): lower it"
        if errors:
            raise InvalidSettings(errors)


class TopologyEvolution(RepeatingStrategy, SteeredStrategy):
    """Evolution of growing graphs that pass on weights and learned training settings.

    The `note` of a proposal carries its learning rate and batch size. Only candidates with
    a finite value for every objective, or with a violated constraint, join. If the population is
    too large, the worst members by rank and crowding distance leave.
    """

    name = "topology-evolution"
    Config = TopologyEvolutionConfig
    requires = frozenset({"mutate", "crossover"})
    view_kind = "family"
    config: TopologyEvolutionConfig

    def __init__(self, config: TopologyEvolutionConfig, task: Task):
        super().__init__(config, task)
        self._tracker = ProposalTracker(task)
        self._population = Population(task.goals, task.constraints)
        self._training = LearnedTraining(
            Range(config.least_rate, config.most_rate),
            Range(config.least_batch, config.most_batch),
            config.stray,
        )
        # Training notes of the members and of the proposals in flight, by number.
        self._learned: dict[int, dict[str, Any]] = {}
        self._points: list[dict[str, Any]] = []

    def ask(self) -> Proposal:
        if self._population.joined < self.config.population:
            return self._propose(*self._first_generation())
        bred = self._tracker.rng.random() < self.config.breeding
        parents = [self._winner() for _ in range(2 if bred else 1)]
        numbers = tuple(dict.fromkeys(parent.number for parent in parents))
        child = child_of(parents, self.task.space, self._tracker, self.config.tries)
        return self._propose(child, numbers, "breeding" if len(numbers) > 1 else "mutation")

    def tell(self, outcome: Outcome) -> None:
        proposal = self._tracker.record(outcome)
        joined = self._population.join(proposal, outcome)
        if joined:
            self._population.keep_fittest(self.config.population)
        alive = {member.number for member in self._population.members}
        alive |= set(self._tracker.pending)
        self._learned = {n: note for n, note in self._learned.items() if n in alive}

    def repeat(self, proposal: Proposal) -> Proposal:
        repetition = super().repeat(proposal)
        if "training" in proposal.note:
            self._learned[repetition.number] = proposal.note["training"]
        return repetition

    def state_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "ledger": self._tracker.state_dict(),
            "population": self._population.state_dict(),
            "learned": [[number, dict(note)] for number, note in self._learned.items()],
            "points": [dict(point) for point in self._points],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._tracker.load_state_dict(state["ledger"])
        self._population.load_state_dict(state["population"])
        self._learned = {number: dict(note) for number, note in state["learned"]}
        self._points = [dict(point) for point in state["points"]]

    def view(self) -> dict[str, Any]:
        """Return the members and the training settings of recent candidates.

        `points` are {"number", "learning_rate", "batch_size"}; empty with `learn` off.
        """
        return {
            "members": [member.number for member in self._population.members],
            "size": self.config.population,
            "points": [dict(point) for point in self._points],
        }

    def _first_generation(self) -> tuple[Architecture, tuple[int, ...], str]:
        """Return architecture, parents and origin of a candidate of the first population.

        The smallest architectures come first, then mutants of members or, while there are none,
        of a smallest architecture. In a space without growth all are random.
        """
        space, tracker = self.task.space, self._tracker
        if not self.config.minimal or "growth" not in space.capabilities:
            return tracker.sample_unseen(self.config.tries), (), "random"
        smallest = list(space.smallest())
        unseen = [architecture for architecture in smallest if architecture not in tracker.seen]
        if unseen:
            return unseen[0], (), "minimal"
        if self._population.members:
            parent = self._winner()
            child = child_of([parent], space, tracker, self.config.tries)
            return child, (parent.number,), "mutation"
        ancestor = Member(-1, smallest[int(tracker.rng.integers(len(smallest)))], (), 0.0)
        return child_of([ancestor], space, tracker, self.config.tries), (), "minimal"

    def _propose(self, child: Architecture, parents: tuple[int, ...], origin: str) -> Proposal:
        note = {}
        if self.config.learn:
            note["training"] = self._training.learned(self._teachers(), self._tracker.rng)
        proposal = self._tracker.propose(child, parents, origin, note)
        if note:
            self._learned[proposal.number] = note["training"]
            point = {"number": proposal.number, **note["training"]}
            self._points = append_recent(self._points, point)
        return proposal

    def _teachers(self) -> list[dict[str, Any]]:
        """Return the training notes of the fittest members; [] until the population is full."""
        members = self._population.members
        if len(members) < self.config.population:
            return []
        count = max(1, round(self.config.fittest * len(members)))
        fittest = self._population.fittest(count)
        return [self._learned[m.number] for m in fittest if m.number in self._learned]

    def _winner(self) -> Member:
        return self._population.tournament(self._tracker.rng, self.config.sample)
