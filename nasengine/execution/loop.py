"""The loop: ask, evaluate, tell, emit. The one place that sees all parts of a search."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import Cancelled, EngineError
from ..core.events import Emit, EngineEvent, silent
from ..core.objective import Goal
from ..core.outcome import Outcome
from ..core.proposal import Proposal
from ..core.search_spec import SearchSpec
from ..core.strategy import Strategy
from ..core.weight_store import MemoryWeightStore, WeightStore
from ..pareto.orientation import oriented, violation
from ..pareto.run_front import RunFront
from ..pareto.selection import best
from . import assembly
from .evaluation import evaluate, evaluation_seed

__all__ = ["Ended", "Result", "evaluate", "evaluation_seed", "run"]


@dataclass(frozen=True)
class Ended:
    """A candidate that came to its end."""

    proposal: Proposal
    outcome: Outcome


@dataclass(frozen=True)
class Result:
    """What a search found: everything that ended, in the order of telling, and its front."""

    spec: SearchSpec
    goals: tuple[Goal, ...]
    ended: tuple[Ended, ...]
    front: RunFront

    @property
    def best(self) -> Ended | None:
        """The done candidate that is best in the first objective.

        Of equals the one that is better in the next, then the earlier: so it is on the
        front. Where none keeps the constraints, the best of the least violating ones.
        """
        done = [one for one in self.ended if one.outcome.state == "done"]
        constraints = assembly.constraints_of(self.spec)
        index = best(
            oriented([one.outcome.values for one in done], self.goals),
            np.array([violation(one.outcome.values, constraints) for one in done]),
            [one.proposal.number for one in done],
        )
        return None if index is None else done[index]


def run(
    spec: SearchSpec,
    emit: Emit = silent,
    history: Iterable[tuple[Proposal, Outcome]] = (),
    cancelled: Callable[[], bool] = lambda: False,
    weights: WeightStore | None = None,
) -> Result:
    """A whole search in this process, one evaluation after the other.

    Asks and tells follow one schedule: ask while fewer than `in_flight` candidates are
    untold, else evaluate and tell the next number. Workers that keep it find the same.

    `history` is what ended before, in any order: the search is replayed over it without
    evaluating anything again, then goes on. Replayed candidates are not emitted.

    `weights` keeps what candidates leave behind for their children; None: this process does,
    so a search that is gone on with in another one needs the store it was begun with.

    Raises:
        InvalidSettings: the question is wrong.
        EngineError: the history belongs to another search, or the strategy asks for
            nothing though its turn has come.
        Cancelled: `cancelled` said so; what was emitted before is a history to go on from.
    """
    spec = assembly.check(spec)
    return _Search(spec, emit, history, cancelled, weights or MemoryWeightStore()).run()


class _Search:
    """One search on its way."""

    def __init__(
        self,
        spec: SearchSpec,
        emit: Emit,
        history: Iterable[tuple[Proposal, Outcome]],
        cancelled: Callable[[], bool],
        weights: WeightStore,
    ):
        self.spec = spec
        self.weights = weights
        self.emit = emit
        self.cancelled = cancelled
        self.past = {proposal.number: Ended(proposal, outcome) for proposal, outcome in history}
        self.goals = assembly.goals_of(spec)
        self.front = RunFront(self.goals, assembly.constraints_of(spec))
        self.strategy: Strategy = assembly.make_strategy(spec)
        self.open: list[Proposal] = []
        self.asked = 0
        self.ended: list[Ended] = []

    def run(self) -> Result:
        while self._ask() or self._tell():
            pass
        if self.asked < self.spec.candidates and not self.strategy.finished:
            raise EngineError(
                f"strategy {self.spec.strategy} asks for nothing after {self.asked} "
                "candidates, though all are told: report this as a fault of the strategy"
            )
        if len(self.past) > len(self.ended):
            raise EngineError(
                f"the history holds {len(self.past)} candidates, the search {len(self.ended)}: "
                "it belongs to another search"
            )
        return Result(self.spec, self.goals, tuple(self.ended), self.front)

    def _ask(self) -> bool:
        full = len(self.open) >= self.spec.in_flight
        if full or self.asked >= self.spec.candidates or self.strategy.finished:
            return False
        proposal = self.strategy.ask()
        if proposal is None:
            return False
        past = self.past.get(proposal.number)
        if past is not None and past.proposal.architecture != proposal.architecture:
            raise EngineError(
                f"candidate {proposal.number} of the history has another architecture than this "
                "search proposes: it was made with other settings or another version"
            )
        self.asked += 1
        self.open.append(proposal)
        if past is None:
            self.emit(EngineEvent("proposal", proposal.to_json(), proposal.number))
        return True

    def _tell(self) -> bool:
        if not self.open:
            return False
        proposal = self.open.pop(0)
        past = self.past.get(proposal.number)
        outcome = past.outcome if past is not None else self._evaluated(proposal)
        self.strategy.tell(outcome)
        self.ended.append(Ended(proposal, outcome))
        step = self.front.add(proposal.number, outcome.values, outcome.state)
        if past is None:
            self.emit(EngineEvent("outcome", outcome.to_json(), proposal.number))
            if step.joined:
                told = {"front": self.front.front, "hypervolume": self.front.hypervolume}
                self.emit(EngineEvent("front", told, proposal.number))
        return True

    def _evaluated(self, proposal: Proposal) -> Outcome:
        if self.cancelled():
            raise Cancelled

        def report(point: dict[str, Any]) -> None:
            self.emit(EngineEvent("epoch", point, proposal.number))

        return evaluate(self.spec, proposal, report, self.cancelled, self.weights)
