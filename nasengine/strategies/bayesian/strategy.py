"""Strategy `bayesian`: large networks first, then what a Gaussian process promises.

Bayesian optimisation as in Ru, Wan, Dong and Osborne (2006.07556) and White, Neiswanger and Savani
(BANANAS, 1910.11858): a Gaussian process on what is known of an architecture before training
predicts the neighbours of the best candidates and random architectures; expected improvement, or
with several objectives the gain in hypervolume, chooses among them.

The first candidates are chosen by the size of their drawn operations, which costs nothing and
orders networks much better than chance: the largest with one objective, from the smallest to
the largest with several objectives or with constraints. With `warm_start` a proxy orders them, and
the process has the proxy's scores as a further feature.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np

from ...core.architecture import Architecture
from ...core.outcome import Outcome
from ...core.proposal import Proposal
from ...core.strategy import Task
from ..common.example import (
    Example,
    best_and_newest,
    pack,
    points_of,
    unpack,
    unseen_neighbours,
    violations_of,
)
from ..common.proposal_tracker import ProposalTracker, check_version
from ..common.repeating import RepeatingStrategy
from ..common.warm_start import WarmStart
from .acquisition import by_hypervolume, chance_feasible, expected_improvement
from .config import BayesianConfig
from .features import Encoder
from .proxy_scores import ProxyModel
from .surrogate import MIN_MEASURED, Prediction, predicted

VERSION = 2
WITHOUT_PATHS = 1  # the newest version whose searches had no features of paths
# Candidates are planned in groups of a twentieth of the examples: later ones change little.
EXAMPLES_PER_PLANNED = 20
CLIP = 1.0  # with one objective; see `Scale`


class Bayesian(RepeatingStrategy):
    """Bayesian optimisation on the graph and the paths of cells, after a first phase by size.

    Candidates in flight count as measured with their predicted values. Candidates that ended
    badly are not learned from; those that violate a constraint are, with the costs that were
    measured. The `note` of a planned proposal holds {"predicted": {objective: value}}.
    """

    name = "bayesian"
    Config = BayesianConfig
    requires = frozenset({"tokens", "mutate"})
    config: BayesianConfig

    def __init__(self, config: BayesianConfig, task: Task):
        super().__init__(config, task)
        self._tracker = ProposalTracker(task)
        self._encoder = Encoder(task.space)
        self._examples: list[Example] = []
        self._queue: list[tuple[Architecture, int | None, dict[str, float]]] = []
        self._started = False
        self._warm_start = WarmStart(config.warm_start)
        self._proxy: ProxyModel | None = None
        self._surrogate = config.surrogate

    @property
    def proxies(self) -> tuple[str, ...]:
        return () if self.config.warm_start == "size" else (self.config.warm_start,)

    def ask(self) -> Proposal | None:
        if not self._queue and not self._warm_start.is_open:
            self._plan()
        if self._warm_start.is_open:
            return self._warm_start.propose(self._tracker)
        if not self._queue:
            return self._tracker.propose(self._tracker.sample_promising(self.config.tries))
        architecture, parent, values = self._queue.pop(0)
        note = {"predicted": values} if values else {}
        origin = "surrogate" if values else self.config.warm_start
        return self._tracker.propose(
            architecture, () if parent is None else (parent,), origin, note
        )

    def tell(self, outcome: Outcome) -> None:
        proposal = self._tracker.record(outcome)
        if self._warm_start.take(outcome):
            if not self._warm_start.is_open:
                ranked = self._warm_start.ranked()
                self._proxy = ProxyModel(self.task.space, self._encoder, self._surrogate)
                self._proxy.learn(ranked)
                self._begin_with([architecture for architecture, _ in ranked])
            return
        example = Example.of(proposal, outcome, self.task)
        if example is not None:
            self._examples = best_and_newest([*self._examples, example], self.config.memory)

    def state_dict(self) -> dict[str, Any]:
        space = self.task.space
        return {
            "version": VERSION,
            "tracker": self._tracker.state_dict(),
            "examples": [example.to_json(space) for example in self._examples],
            "queue": [
                [pack(architecture, space), parent, values]
                for architecture, parent, values in self._queue
            ],
            "started": self._started,
            "surrogate": self._surrogate,
            **({"warm_start": warm} if (warm := self._warm_start.state_dict()) else {}),
            **({} if self._proxy is None else {"scores": self._proxy.state_dict()}),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        version = check_version(state, VERSION, self.name)
        self._surrogate = "size" if version == WITHOUT_PATHS else state["surrogate"]
        space = self.task.space
        self._tracker.load_state_dict(state["tracker"])
        self._examples = [Example.from_json(value, space) for value in state["examples"]]
        self._queue = [
            (unpack(packed, space), parent, {name: float(value) for name, value in values.items()})
            for packed, parent, values in state["queue"]
        ]
        self._started = state["started"]
        self._warm_start.load_state_dict(state.get("warm_start", {}))
        # States of older releases have no scores after the warm start: they go on without.
        self._proxy = None
        if "scores" in state:
            self._proxy = ProxyModel(space, self._encoder, self._surrogate)
            self._proxy.load_state_dict(state["scores"])

    def _plan(self) -> None:
        """Fill the queue; it stays empty while there is too little to learn from."""
        if not self._started:
            self._started = True
            drawn = self._drawn()
            if self.proxies:
                self._warm_start.begin(drawn)
            else:
                self._begin_with(sorted(drawn, key=self._encoder.size, reverse=True))
            return
        points = points_of(self._examples)
        if not self._examples or np.isfinite(points).sum(axis=0).min() < MIN_MEASURED:
            return
        pool = self._pool()
        if not pool:
            return
        architectures = list(pool)
        prediction = predicted(
            self._encoder,
            [example.architecture for example in self._examples],
            points,
            [proposal.architecture for proposal in self._tracker.pending.values()],
            architectures,
            clip=CLIP if len(self.task.goals) == 1 else None,
            proxy=self._proxy,
            kind=self._surrogate,
        )
        count = max(len(self._examples) // EXAMPLES_PER_PLANNED, 1)
        values = prediction.optimistic(0.0)
        for index in self._chosen(prediction, points, count):
            architecture = architectures[index]
            shown = {
                goal.name: float(value) if goal.better == "lower" else -float(value)
                for goal, value in zip(self.task.goals, values[index], strict=True)
            }
            self._queue.append((architecture, pool[architecture], shown))

    def _drawn(self) -> list[Architecture]:
        """Return random architectures that the first candidates are chosen among."""
        wanted = self.config.warm_up * self.config.sampled
        return list(dict.fromkeys(self._tracker.sample_unseen(1) for _ in range(wanted)))

    def _begin_with(self, ordered: list[Architecture]) -> None:
        """Queue the first of an order, or members from its start to its end."""
        count = min(self.config.warm_up, len(ordered))
        chosen = ordered[:count]
        if len(self.task.goals) > 1 or self.task.constraints:
            indices = np.linspace(0, len(ordered) - 1, count).round().astype(int)
            chosen = [ordered[index] for index in indices]
        self._queue = [(architecture, None, {}) for architecture in chosen]

    def _pool(self) -> dict[Architecture, int | None]:
        """Return unseen architectures: neighbours of the best with their parents, and random."""
        seen, space = self._tracker.seen, self.task.space
        parents, children = self.config.parents, self.config.children
        pool = unseen_neighbours(
            self._examples, space, self._tracker, parents=parents, children=children
        )
        if self._proxy is not None:
            pool.update(
                (architecture, None)
                for architecture in self._proxy.scored
                if architecture not in seen and architecture not in pool
            )
        drawn = (space.sample(self._tracker.rng) for _ in range(self.config.pool))
        pool.update(
            (architecture, None)
            for architecture in drawn
            if architecture not in seen and architecture not in pool
        )
        return pool

    def _chosen(self, prediction: Prediction, points: np.ndarray, count: int) -> list[int]:
        """Return the indices of the `count` architectures that promise most."""
        goals, constraints = self.task.goals, self.task.constraints
        chance = chance_feasible(prediction, goals, constraints)
        feasible = points[violations_of(self._examples) == 0]
        if not len(feasible):
            scores = chance
        elif len(goals) > 1:
            return by_hypervolume(
                prediction.optimistic(self.config.exploration), feasible, chance, count
            )
        else:
            best = float(prediction.scales[0].forward(feasible[:, 0]).min())
            mean, deviation = prediction.means[:, 0], prediction.deviations[:, 0]
            scores = expected_improvement(mean, deviation, best) * chance
        return list(islice(np.argsort(-scores, kind="stable").tolist(), count))
