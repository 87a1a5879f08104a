"""The search loop: ask, evaluate, tell, emit. The only place that sees all parts of a search."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from ..core.errors import Cancelled, EngineError
from ..core.events import Emit, EngineEvent, silent
from ..core.outcome import Outcome
from ..core.proposal import Proposal
from ..core.search_spec import SearchSpec
from ..core.strategy import Strategy
from ..core.weight_store import MemoryWeightStore, WeightStore
from ..pareto.run_front import RunFront
from . import assembly
from .budget import is_pruned, is_used_up
from .evaluation import evaluate, evaluation_seed
from .result import Candidate, Result

__all__ = ["Candidate", "Evaluator", "Result", "Search", "evaluate", "evaluation_seed", "run"]

History = Iterable[tuple[Proposal, Outcome]]


class Evaluator(Protocol):
    """Evaluates the proposals of one search, in this process or in others."""

    def submit(self, proposal: Proposal) -> None:
        """Accept a proposal; evaluation may begin now or when its outcome is asked for."""

    def outcome(self, proposal: Proposal) -> Outcome:
        """Return the outcome of a submitted proposal, waiting for it if necessary."""


def run(
    spec: SearchSpec,
    emit: Emit = silent,
    history: History = (),
    cancelled: Callable[[], bool] = lambda: False,
    weights: WeightStore | None = None,
) -> Result:
    """Run a whole search in this process, one evaluation after the other.

    Args:
        spec: The search settings.
        emit: Called with each event.
        history: Evaluations of an earlier, interrupted run, in any order. The search is replayed
            over them without evaluating or emitting anything again, then continues.
        cancelled: Polled between evaluations and, by most estimators, between batches.
        weights: Store of the weights that candidates leave for others; default: memory. To
            continue a search of another process, pass the store that it used.

    Returns:
        The candidates in proposal order, with best and front.

    Raises:
        InvalidSettings: the settings are wrong.
        EngineError: the history belongs to another search, or the strategy proposes nothing
            although no candidate is in flight.
        Cancelled: `cancelled` returned true. The outcomes emitted until then are a history to
            continue from.
    """
    spec = assembly.check(spec)
    store = weights or MemoryWeightStore()
    return Search(spec, InProcess(spec, emit, cancelled, store), emit, history, store).run()


class InProcess:
    """Evaluates each proposal when its outcome is asked for."""

    def __init__(
        self, spec: SearchSpec, emit: Emit, cancelled: Callable[[], bool], weights: WeightStore
    ):
        self._spec = spec
        self._emit = emit
        self._cancelled = cancelled
        self._weights = weights

    def submit(self, proposal: Proposal) -> None:
        """Nothing to do before the outcome is asked for."""

    def outcome(self, proposal: Proposal) -> Outcome:
        if self._cancelled():
            raise Cancelled

        def report(point: dict[str, Any]) -> None:
            self._emit(EngineEvent("epoch", point, proposal.number))

        return evaluate(self._spec, proposal, report, self._cancelled, self._weights)


class Search:
    """One search: its strategy, what is in flight and what has been evaluated.

    Asks and tells follow one schedule: ask while fewer than `in_flight` candidates are
    untold, else tell the outcome of the lowest number in flight. Evaluators that run several
    proposals at once therefore find the same candidates as one that runs them in turn.
    """

    def __init__(
        self,
        spec: SearchSpec,
        evaluator: Evaluator,
        emit: Emit = silent,
        history: History = (),
        weights: WeightStore | None = None,
    ):
        """`spec` must have been checked by `assembly.check`."""
        self.spec = spec
        self.weights = weights
        self._evaluator = evaluator
        self._emit = emit
        self._past = {proposal.number: (proposal, outcome) for proposal, outcome in history}
        self._goals = assembly.goals_of(spec)
        self._front = RunFront(self._goals, assembly.constraints_of(spec))
        self._strategy: Strategy = assembly.make_strategy(spec)
        self._open: list[Proposal] = []
        self._asked = 0
        self._pruned = 0  # ended proposals that do not count towards the budget
        self._evaluated: list[Candidate] = []

    def run(self) -> Result:
        """Run to the end; see `nasengine.execution.loop.run` for what it raises."""
        while self._ask() or self._tell():
            pass
        if not self._is_used_up() and not self._strategy.finished:
            raise EngineError(
                f"strategy {self.spec.strategy} proposes nothing after {self._asked} candidates, "
                "although all outcomes are told: report this as a bug of the strategy"
            )
        if len(self._past) > len(self._evaluated):
            raise EngineError(
                f"the history has {len(self._past)} candidates, the search only "
                f"{len(self._evaluated)}: the history belongs to another search"
            )
        return self.result(finished=True)

    def result(self, finished: bool = False) -> Result:
        """Return what has been evaluated so far."""
        return Result(self.spec, self._goals, tuple(self._evaluated), finished, self.weights)

    def _is_used_up(self) -> bool:
        return is_used_up(self.spec, self._asked, self._pruned)

    def _ask(self) -> bool:
        full = len(self._open) >= self.spec.in_flight
        if full or self._is_used_up() or self._strategy.finished:
            return False
        proposal = self._strategy.ask()
        if proposal is None:
            return False
        past = self._past.get(proposal.number)
        if past is not None and past[0].architecture != proposal.architecture:
            raise EngineError(
                f"candidate {proposal.number} of the history has another architecture than this "
                "search proposes: the history was made with other settings or another version"
            )
        self._asked += 1
        self._open.append(proposal)
        if past is None:
            self._emit(EngineEvent("proposal", proposal.to_json(), proposal.number))
            self._evaluator.submit(proposal)
        return True

    def _tell(self) -> bool:
        if not self._open:
            return False
        proposal = self._open.pop(0)
        past = self._past.get(proposal.number)
        outcome = past[1] if past is not None else self._evaluator.outcome(proposal)
        self._strategy.tell(outcome)
        self._pruned += is_pruned(outcome.state)
        self._evaluated.append(Candidate(proposal, outcome, self.spec))
        step = self._front.add(proposal.number, outcome.values, outcome.state)
        if past is None:
            self._emit(EngineEvent("outcome", outcome.to_json(), proposal.number))
            if step.joined:
                front = {"front": self._front.front, "hypervolume": self._front.hypervolume}
                self._emit(EngineEvent("front", front, proposal.number))
        return True
