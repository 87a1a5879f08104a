"""Strategy `renas`: tournaments, and mutations that a controller learns to choose.

Chen et al., RENAS: Reinforced Evolutionary Neural Architecture Search (1808.00193). The best
of a sample becomes the parent, the worst of a sample leaves, and the mutation controller
decides what of the parent changes; it is trained by policy gradient from the child's gain
over its parent. With the estimator `inherit` children are fine-tuned from their parent's
weights. Population, sample, sizes and rates are unknown from the paper: the defaults are what
works on NAS-Bench-201. With several objectives, fitness is NSGA-II's standing and the gain
the mean improvement over them in units of the population's spread.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ...core.errors import InvalidSettings
from ...core.outcome import Outcome
from ...core.proposal import Proposal
from ...core.seeds import generator
from ...core.settings import setting
from ...core.strategy import Strategy, Task
from ..common.learning.baseline import Baseline
from ..common.population import Member, Population
from ..common.proposal_tracker import ProposalTracker, check_version
from .controller import Change, MutationController

VERSION = 1
HOTTER = 1.1
POINTS = 200


@dataclass(frozen=True)
class RenasConfig:
    """Settings of strategy `renas`.

    Raises:
        InvalidSettings: the sample is larger than the population.
    """

    population: int = setting(20, "Members that may become parents.", low=2, high=10_000)
    sample: int = setting(
        5, "Members of a tournament: its best becomes the parent.", low=1, high=10_000
    )
    survival: str = setting(
        "worst",
        "Who leaves when a child joins: the worst of another tournament (the paper), or the "
        "oldest.",
        choices=("worst", "age"),
    )
    mutations: str = setting(
        "one",
        "Parts the controller changes in a child: one of all, or one in every block; the paper "
        "does not settle it.",
        choices=("one", "every-block"),
    )
    hidden: int = setting(16, "Units of the encoder's LSTM, each way.", low=2, high=256)
    embedding: int = setting(8, "Numbers a word is embedded in.", low=1, high=256)
    learning_rate: float = setting(0.01, "Adam's rate of the controller.", low=0.0)
    entropy: float = setting(0.05, "Weight of the controller's entropy bonus.", low=0.0, high=10.0)
    baseline: float = setting(
        0.9, "Share of the moving-average baseline kept at each gain.", low=0.0, high=0.999
    )
    tries: int = setting(
        30, "Draws until a child is new, each hotter; 1: do not mind.", low=1, high=1000
    )

    def __post_init__(self) -> None:
        if self.sample > self.population:
            raise InvalidSettings(
                {
                    "sample": f"{self.sample} is more than the population of {self.population}: "
                    "lower it, or raise population"
                }
            )


class Renas(Strategy):
    """Random until the population is full, then reinforced mutations of tournament winners.

    A child that ends badly teaches the worst gain so far; only done ones join.
    """

    name = "renas"
    Config = RenasConfig
    requires = frozenset({"decisions"})
    view_kind = "mutations"
    config: RenasConfig

    def __init__(self, config: RenasConfig, task: Task):
        super().__init__(config, task)
        self._ledger = ProposalTracker(task.seed)
        self._population = Population(task.goals, task.constraints)
        self._controller = MutationController(
            generator(task.seed, "controller"),
            task.space.decisions(),
            hidden=config.hidden,
            embedding=config.embedding,
            rate=config.learning_rate,
            every_block=config.mutations == "every-block",
        )
        self._baseline = Baseline(config.baseline)
        # Of each child in flight: its parent as it was, and what was changed.
        self._origins: dict[int, tuple[Member, list[Change]]] = {}
        self._points: list[dict[str, Any]] = []

    def ask(self) -> Proposal:
        ledger = self._ledger
        if self._population.joined < self.config.population:
            return ledger.issue(ledger.fresh(self.task.space, self.config.tries))
        parent = self._population.members[self._tournament()]
        child, changes = self._mutated(parent)
        proposal = ledger.issue(child, (parent.number,), "reinforced")
        self._origins[proposal.number] = (parent, changes)
        return proposal

    def tell(self, outcome: Outcome) -> None:
        proposal = self._ledger.settle(outcome)
        parent, changes = self._origins.pop(outcome.number, (None, []))
        joined = outcome.state == "done" and self._population.join(
            proposal.number, proposal.architecture, outcome.values
        )
        gain = self._gain(parent) if joined and parent is not None else None
        if parent is not None and outcome.state != "cancelled":
            self._learn(outcome.number, parent, changes, gain)
        if joined and len(self._population.members) > self.config.population:
            self._remove()

    def state_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "ledger": self._ledger.state_dict(),
            "population": self._population.state_dict(),
            "controller": self._controller.state_dict(),
            "baseline": self._baseline.state_dict(),
            "origins": [
                [number, parent.to_json(), [[one.place, one.option] for one in changes]]
                for number, (parent, changes) in self._origins.items()
            ],
            "points": [dict(point) for point in self._points],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        self._ledger.load_state_dict(state["ledger"])
        self._population.load_state_dict(state["population"])
        self._controller.load_state_dict(state["controller"])
        self._baseline.load_state_dict(state["baseline"])
        self._origins = {
            number: (Member.from_json(parent), [Change(*change) for change in changes])
            for number, parent, changes in state["origins"]
        }
        self._points = [dict(point) for point in state["points"]]

    def view(self) -> dict[str, Any]:
        """What the controller did of late, and what it leans to now.

        `points` are {"number", "gain", "baseline", "loss", "changes"}, gain null where the child
        ended badly, changes texts; `router` the chances {"name", "chance"} with which each part
        of the fittest member would be changed first; `members` the population.
        """
        return {
            "points": [dict(point) for point in self._points],
            "router": self._leaning(),
            "members": [member.number for member in self._population.members],
            "size": self.config.population,
        }

    def _tournament(self) -> int:
        """The place of the fittest of a sample drawn with replacement."""
        count = len(self._population.members)
        drawn = self._ledger.rng.integers(count, size=self.config.sample)
        return self._population.fittest(drawn)

    def _mutated(self, parent: Member) -> tuple[Any, list[Change]]:
        """A child nobody proposed, the controller's draws getting hotter."""
        space, ledger = self.task.space, self._ledger
        choices = list(space.choices(parent.architecture))
        drawn = self._controller.proposals(ledger.rng, choices, space.allowed, HOTTER)
        for changes in islice(drawn, self.config.tries):
            changed = list(choices)
            for change in changes:
                changed[change.place] = change.option
            child = space.from_choices(changed)
            if child not in ledger.known:
                break
        return child, changes

    def _gain(self, parent: Member) -> float:
        """How much better the newest member is than its parent; violations count first."""
        child = self._population.members[-1]
        if parent.violation or child.violation:
            return float(np.clip(parent.violation - child.violation, -1.0, 1.0))
        points = np.array([member.point for member in self._population.members])
        spread = points.std(axis=0)
        better = np.array(parent.point) - np.array(child.point)
        return float(np.mean(better / np.where(spread > 0, spread, 1.0)))

    def _learn(
        self, number: int, parent: Member, changes: list[Change], gain: float | None
    ) -> None:
        if gain is None and self._baseline.worst is None:
            return
        reward = self._baseline.worst if gain is None else gain
        assert reward is not None  # one of the two is there
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
            "changes": [self._words(change) for change in changes],
        }
        self._points = [*self._points, point][-POINTS:]

    def _words(self, change: Change) -> str:
        decision = self._controller.decisions[change.place]
        return f"{decision.name}: {decision.options[change.option]}"

    def _remove(self) -> None:
        if self.config.survival == "age":
            self._population.keep_youngest(self.config.population)
            return
        count = len(self._population.members)
        drawn = self._ledger.rng.integers(count, size=self.config.sample)
        self._population.drop(self._population.unfittest(drawn))

    def _leaning(self) -> list[dict[str, Any]]:
        members = self._population.members
        if not members:
            return []
        fittest = members[self._population.fittest(np.arange(len(members)))]
        space = self.task.space
        chances = self._controller.chances(space.choices(fittest.architecture), space.allowed)
        return [
            {"name": decision.name, "chance": round(chance, 3)}
            for decision, chance in zip(self._controller.decisions, chances, strict=True)
        ]
