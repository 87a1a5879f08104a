"""Strategy `renas`: tournament selection with mutations that a controller learns to choose.

Chen et al., RENAS: Reinforced Evolutionary Neural Architecture Search (1808.00193). The best
member of a sample becomes the parent, the worst of a sample leaves, and the mutation controller
decides which part of the parent changes; it is trained by policy gradient on the child's gain
over its parent. With the estimator `inherit`, children are fine-tuned from their parent's
weights. The paper does not give population, sample, sizes and learning rates: the defaults work
on NAS-Bench-201. With several objectives, members are compared by rank and crowding distance as
in NSGA-II, and the gain is the mean improvement over the objectives, in units of the
population's standard deviation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import Any

import numpy as np

from ...core.architecture import Architecture
from ...core.errors import InvalidSettings
from ...core.outcome import Outcome
from ...core.proposal import Proposal
from ...core.seeds import generator
from ...core.settings import setting
from ...core.strategy import Task
from ...pareto import within_half
from ..common.learning.categorical import TEMPERATURE_GROWTH
from ..common.learning.reward_baseline import RewardBaseline
from ..common.offspring import child_of
from ..common.population import Member, Population, sample_errors
from ..common.proposal_tracker import ProposalTracker, check_version
from ..common.recent import append_recent
from ..common.repeating import RepeatingStrategy
from ..common.steering import SteeredStrategy
from .controller import Change, MutationController

VERSION = 1


@dataclass(frozen=True)
class RenasConfig:
    """Settings of strategy `renas`.

    Raises:
        InvalidSettings: the sample is larger than the population.
    """

    population: int = setting(20, "Members of the population.", low=2, high=10_000)
    sample: int = setting(
        5, "Tournament size: members drawn; the best becomes the parent.", low=1, high=10_000
    )
    survival: str = setting(
        "auto",
        "Which member a child replaces. worst: that of another tournament, as in the paper; age: "
        "the oldest; auto: age with one objective and no constraint, else worst.",
        choices=("auto", "worst", "age"),
    )
    mutations: str = setting(
        "one",
        "Decisions that change in a child: one, or one in every block (the paper leaves this "
        "open).",
        choices=("one", "every-block"),
    )
    hidden: int = setting(
        16, "Hidden units of the controller's LSTM, per direction.", low=2, high=256
    )
    embedding: int = setting(8, "Size of the controller's token embedding.", low=1, high=256)
    learning_rate: float = setting(0.01, "Learning rate of the controller (Adam).", low=0.0)
    entropy: float = setting(0.05, "Weight of the controller's entropy bonus.", low=0.0, high=10.0)
    baseline: float = setting(
        0.9, "Decay of the gain baseline (exponential moving average).", low=0.0, high=0.999
    )
    tries: int = setting(
        30,
        "Most draws until a child is new, each at a higher temperature; 1: duplicates are allowed.",
        low=1,
        high=1000,
    )

    def __post_init__(self) -> None:
        if errors := sample_errors(self.sample, self.population):
            raise InvalidSettings(errors)


class Renas(RepeatingStrategy, SteeredStrategy):
    """Evolution whose mutations are chosen by a controller, trained by reinforcement learning.

    It samples at random until the population is full, then mutates tournament winners. Only
    candidates with a finite value for every objective, or with a violated constraint, join. A
    child that ended badly gets the lowest gain so far.
    """

    name = "renas"
    Config = RenasConfig
    requires = frozenset({"decisions"})
    view_kind = "mutations"
    config: RenasConfig

    def __init__(self, config: RenasConfig, task: Task):
        super().__init__(config, task)
        self._tracker = ProposalTracker(task)
        self._population = Population(task.goals, task.constraints)
        self._controller = MutationController(
            generator(task.seed, "controller"),
            task.space.decisions(),
            hidden=config.hidden,
            embedding=config.embedding,
            rate=config.learning_rate,
            every_block=config.mutations == "every-block",
        )
        self._baseline = RewardBaseline(config.baseline)
        # With one objective, a population that keeps its best gathers in a local optimum.
        scalar = len(task.goals) == 1 and not task.constraints
        automatic = "age" if scalar else "worst"
        self._survival = automatic if config.survival == "auto" else config.survival
        # For each child in flight: its parent as it was, and the changes.
        self._origins: dict[int, tuple[Member, list[Change]]] = {}
        self._points: list[dict[str, Any]] = []

    def ask(self) -> Proposal:
        tracker = self._tracker
        if self._population.joined < self.config.population:
            return tracker.propose_random(self.config.tries)
        parent = self._population.tournament(tracker.rng, self.config.sample)
        child, changes = self._mutated(parent)
        excluded = child in tracker.seen or tracker.feasibility.violation(child)
        if excluded and tracker.feasibility.is_active and "mutate" in self.task.space.capabilities:
            # Near a constraint the controller runs out of unseen children that meet it.
            child = child_of([parent], self.task.space, tracker, self.config.tries)
            return tracker.propose(child, (parent.number,), "mutation")
        proposal = tracker.propose(child, (parent.number,), "reinforced")
        self._origins[proposal.number] = (parent, changes)
        return proposal

    def tell(self, outcome: Outcome) -> None:
        proposal = self._tracker.record(outcome)
        parent, changes = self._origins.pop(outcome.number, (None, []))
        joined = self._population.join(proposal, outcome)
        gain = self._gain(parent) if joined and parent is not None else None
        if parent is not None and outcome.state != "cancelled":
            self._learn(outcome.number, parent, changes, gain)
        if joined and len(self._population.members) > self.config.population:
            self._remove()

    def state_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "ledger": self._tracker.state_dict(),
            "population": self._population.state_dict(),
            "controller": self._controller.state_dict(),
            "baseline": self._baseline.state_dict(),
            "origins": [
                [number, parent.to_json(), [[c.decision, c.option] for c in changes]]
                for number, (parent, changes) in self._origins.items()
            ],
            "points": [dict(point) for point in self._points],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._tracker.load_state_dict(state["ledger"])
        self._population.load_state_dict(state["population"])
        self._controller.load_state_dict(state["controller"])
        self._baseline.load_state_dict(state["baseline"])
        self._origins = {
            number: (Member.from_json(parent), [Change(*change) for change in changes])
            for number, parent, changes in state["origins"]
        }
        self._points = [dict(point) for point in state["points"]]

    def view(self) -> dict[str, Any]:
        """Return recent mutations and the controller's present preferences.

        `points` are {"number", "gain", "baseline", "loss", "changes"}: gain is null if the
        child ended badly, changes are texts. `router` are {"name", "chance"}: the probability
        that the router selects each decision of the fittest member. `members` is the population.
        """
        return {
            "points": [dict(point) for point in self._points],
            "router": self._router_view(),
            "members": [member.number for member in self._population.members],
            "size": self.config.population,
        }

    def _mutated(self, parent: Member) -> tuple[Architecture, list[Change]]:
        """Return a child and its changes, drawn at rising temperature until it is accepted."""
        space, tracker = self.task.space, self._tracker
        choices = list(space.choices(parent.architecture))
        mutations = self._controller.proposals(
            tracker.rng, choices, space.allowed, TEMPERATURE_GROWTH
        )

        def drafts() -> Iterator[tuple[Architecture, list[Change]]]:
            for changes in islice(mutations, self.config.tries):
                changed = list(choices)
                for change in changes:
                    changed[change.decision] = change.option
                yield space.from_choices(changed), changes

        return tracker.choose(drafts(), itemgetter(0))

    def _gain(self, parent: Member) -> float:
        """Return by how much the newest member is better than its parent.

        If one of them violates a constraint, only the violations are compared.
        """
        child = self._population.members[-1]
        if parent.violation or child.violation:
            return float(np.clip(parent.violation - child.violation, -1.0, 1.0))
        trained = [m.point for m in self._population.members if all(map(math.isfinite, m.point))]
        points = within_half(np.array([*trained, parent.point, child.point]))
        spread = points[:-2].std(axis=0)
        improvement = points[-2] - points[-1]
        return float(np.mean(improvement / np.where(spread > 0, spread, 1.0)))

    def _learn(
        self, number: int, parent: Member, changes: list[Change], gain: float | None
    ) -> None:
        """Take one controller step; without a gain the child counts as the worst so far."""
        reward = self._baseline.worst if gain is None else gain
        if reward is None:  # no gain yet to compare a failure with
            return
        advantage = self._baseline.advantage(reward)
        space = self.task.space
        loss, gradients = self._controller.gradients(
            space.choices(parent.architecture),
            changes,
            space.allowed,
            advantage,
            self.config.entropy,
        )
        self._controller.adam.step(gradients)
        point = {
            "number": number,
            "gain": None if gain is None else round(gain, 4),
            "baseline": round(self._baseline.mean, 4),
            "loss": round(loss, 4),
            "changes": [self._text(change) for change in changes],
        }
        self._points = append_recent(self._points, point)

    def _text(self, change: Change) -> str:
        decision = self._controller.decisions[change.decision]
        return f"{decision.name}: {decision.options[change.option]}"

    def _remove(self) -> None:
        if self._survival == "age":
            self._population.keep_youngest(self.config.population)
            return
        count = len(self._population.members)
        indices = self._tracker.rng.integers(count, size=self.config.sample)
        self._population.drop(self._population.worst_of(indices))

    def _router_view(self) -> list[dict[str, Any]]:
        if not self._population.members:
            return []
        [fittest] = self._population.fittest(1)
        space = self.task.space
        choices = space.choices(fittest.architecture)
        probabilities = self._controller.router_probabilities(choices, space.allowed)
        return [
            {"name": decision.name, "chance": round(probability, 3)}
            for decision, probability in zip(self._controller.decisions, probabilities, strict=True)
        ]
