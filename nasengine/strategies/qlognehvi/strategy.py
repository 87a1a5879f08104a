"""Strategy `qlognehvi`: Bayesian optimisation by botorch, as a baseline.

The acquisition functions are qLogNoisyExpectedHypervolumeImprovement, or with one objective
qLogNoisyExpectedImprovement: Daulton, Balandat and Bakshy (NeurIPS 2021), Ament, Daulton,
Eriksson, Balandat and Bakshy (NeurIPS 2023). A Gaussian process with a categorical kernel on the
tokens of an architecture models each objective; candidates are chosen from a pool of random
architectures and of neighbours of the best. Models and acquisition run in a process of their own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from ...core.architecture import Architecture
from ...core.errors import EngineError
from ...core.outcome import Outcome
from ...core.proposal import Proposal
from ...core.strategy import Task
from ...pareto.orientation import signs
from ...pareto.volume import reference_point
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
from ..common.value_scale import Scale
from .config import QLogNehviConfig
from .process import botorch_process

VERSION = 1
# Candidates are chosen in groups of a tenth of the examples: later ones change little.
EXAMPLES_PER_CHOSEN = 10
MIN_MEASURED = 3  # with fewer complete candidates nothing is fitted
CLIP = 1.0  # with one objective; see `Scale`
FARTHEST_BOUND = 1e9  # of a constraint, on the modelled scale


class QLogNehvi(RepeatingStrategy):
    """Bayesian optimisation by botorch with noisy expected (hypervolume) improvement.

    Candidates in flight are pending points of the acquisition function. Candidates that ended
    badly are not learned from; those that violate a constraint are, with the costs that were
    measured. If the numbers cannot be fitted, the next candidate is random.
    """

    name = "qlognehvi"
    Config = QLogNehviConfig
    requires = frozenset({"tokens", "mutate"})
    config: QLogNehviConfig

    def __init__(self, config: QLogNehviConfig, task: Task):
        if find_spec("botorch") is None:
            raise EngineError('botorch is not installed: pip install "nasengine[baselines]"')
        super().__init__(config, task)
        self._tracker = ProposalTracker(task)
        self._examples: list[Example] = []
        self._learned = 0  # examples so far, including those that were forgotten
        self._queue: list[tuple[Architecture, int | None]] = []

    def ask(self) -> Proposal:
        if not self._queue:
            self._plan()
        if not self._queue:
            return self._tracker.propose(self._tracker.sample_promising(self.config.tries))
        architecture, parent = self._queue.pop(0)
        parents = () if parent is None else (parent,)
        return self._tracker.propose(architecture, parents, "surrogate")

    def tell(self, outcome: Outcome) -> None:
        proposal = self._tracker.record(outcome)
        example = Example.of(proposal, outcome, self.task)
        if example is not None:
            self._learned += 1
            self._examples = best_and_newest([*self._examples, example], self.config.memory)

    def state_dict(self) -> dict[str, Any]:
        space = self.task.space
        return {
            "version": VERSION,
            "tracker": self._tracker.state_dict(),
            "examples": [example.to_json(space) for example in self._examples],
            "learned": self._learned,
            "queue": [[pack(architecture, space), parent] for architecture, parent in self._queue],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        check_version(state, VERSION, self.name)
        space = self.task.space
        self._tracker.load_state_dict(state["tracker"])
        self._examples = [Example.from_json(value, space) for value in state["examples"]]
        self._learned = state["learned"]
        self._queue = [(unpack(packed, space), parent) for packed, parent in state["queue"]]

    def _plan(self) -> None:
        """Fill the queue; it stays empty while there is too little to learn from."""
        if self._learned < self.config.warm_up:
            return
        points = points_of(self._examples)
        if np.isfinite(points).all(axis=1).sum() < MIN_MEASURED:
            return
        pool = self._pool()
        if not pool:
            return
        architectures = list(pool)
        answer = botorch_process().answer(self._request(points, architectures))
        self._queue = [
            (architectures[index], pool[architectures[index]]) for index in answer.get("chosen", ())
        ]

    def _pool(self) -> dict[Architecture, int | None]:
        """Return unseen architectures that are predicted to meet constraints on cheap costs.

        They have the numbers of their parents; random ones have none. If all are predicted to
        violate a constraint, those are returned that violate it least.
        """
        config, tracker, space = self.config, self._tracker, self.task.space
        pool = unseen_neighbours(
            self._examples, space, tracker, parents=config.parents, children=config.children
        )
        drawn = (space.sample(tracker.rng) for _ in range(config.pool))
        pool.update(
            (architecture, None)
            for architecture in drawn
            if architecture not in tracker.seen and architecture not in pool
        )
        if not tracker.feasibility.is_active:
            return pool
        excess = {
            architecture: tracker.feasibility.violation(architecture) for architecture in pool
        }
        kept = [architecture for architecture in pool if not excess[architecture]]
        kept = kept or sorted(pool, key=excess.__getitem__)[: config.batch]
        return {architecture: pool[architecture] for architecture in kept}

    def _request(self, points: np.ndarray, pool: Sequence[Architecture]) -> dict[str, Any]:
        """Return the request for the next candidates, see `child.chosen`."""
        count = max(min(self._learned // EXAMPLES_PER_CHOSEN, self.config.batch), 1)
        tokens, goals = self.task.space.tokens, self.task.goals
        clip = CLIP if len(goals) == 1 else None
        scales = [Scale.of(values[np.isfinite(values)], clip) for values in points.T]
        mapped = np.stack(
            [scale.forward(values) for scale, values in zip(scales, points.T, strict=True)], axis=1
        )
        complete = np.isfinite(points).all(axis=1)
        feasible = complete & (violations_of(self._examples) == 0)
        shown = feasible if feasible.any() else complete
        columns = [
            values if scale.logarithmic else scale.forward(values)
            for scale, values in zip(scales, points[shown].T, strict=True)
        ]
        low = np.array([values.min() for values in columns])
        spans = np.array([np.ptp(values) or abs(values[0]) or 1.0 for values in columns])
        scaled = (np.stack(columns, axis=1) - low) / spans
        names, sign = [goal.name for goal in goals], signs(goals)
        constraints = []
        for constraint in self.task.constraints:
            column = names.index(constraint.objective)
            bound = scales[column].forward(np.array([constraint.bound * sign[column]]))[0]
            below = ("<" in constraint.comparison) == bool(sign[column] > 0)
            nearest = float(np.clip(bound, -FARTHEST_BOUND, FARTHEST_BOUND))
            constraints.append({"column": column, "bound": nearest, "below": below})
        return {
            "seed": int(self._tracker.rng.integers(2**31)),
            "samples": self.config.samples,
            "count": min(count, len(pool)),
            "measured": [tokens(example.architecture) for example in self._examples],
            "points": [[v if math.isfinite(v) else None for v in row] for row in mapped.tolist()],
            "pending": [
                tokens(proposal.architecture) for proposal in self._tracker.pending.values()
            ],
            "pool": [tokens(architecture) for architecture in pool],
            "objectives": [
                {
                    "logarithmic": scale.logarithmic,
                    "span": math.log(span) if scale.logarithmic else float(span),
                    "low": float(lowest / span),
                }
                for scale, span, lowest in zip(scales, spans, low, strict=True)
            ],
            "reference": reference_point(scaled).tolist(),
            "constraints": constraints,
        }
