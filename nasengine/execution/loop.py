"""The search loop: ask, evaluate, tell, emit. The only place that sees all parts of a search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from ..core.errors import Cancelled, EngineError
from ..core.events import Emit, EngineEvent, silent
from ..core.outcome import Outcome
from ..core.proposal import Proposal
from ..core.search_spec import SearchSpec
from ..core.strategy import Strategy
from ..core.weight_store import MemoryWeightStore, WeightStore
from ..fidelity import controller_for
from ..pareto.run_front import RunFront
from ..screening import screen_for
from . import assembly
from .budget import is_pruned, is_used_up, refuse_limits
from .evaluation import evaluate, evaluation_seed
from .history import History, Past
from .result import Candidate, Result
from .unfinished_folder import TemporaryFolder, UnfinishedFolder

__all__ = [
    "Candidate",
    "Evaluator",
    "History",
    "Result",
    "Search",
    "evaluate",
    "evaluation_seed",
    "run",
]


class Evaluator(Protocol):
    """Evaluates the proposals of one search, in this process or in others."""

    def submit(self, proposal: Proposal) -> None:
        """Accept a proposal; evaluation may begin now or when its outcome is asked for."""

    def outcome(self, proposal: Proposal) -> Outcome:
        """Return the outcome of a submitted proposal, waiting for it if necessary."""

    def forget(self, number: int) -> None:
        """Remove the checkpoints of a candidate whose training does not go on."""


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
        history: Evaluations of an earlier, interrupted run, in any order; of a training in parts,
            each part in turn. The search is replayed over them without evaluating or emitting
            anything again, then continues.
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
        self,
        spec: SearchSpec,
        emit: Emit,
        cancelled: Callable[[], bool],
        weights: WeightStore,
        unfinished: UnfinishedFolder | None = None,
    ):
        self._spec = spec
        self._unfinished = unfinished or TemporaryFolder()
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

        return evaluate(
            self._spec,
            proposal,
            report,
            self._cancelled,
            self._weights,
            progress=self._unfinished.progress(self._spec, proposal),
        )

    def forget(self, number: int) -> None:
        self._unfinished.remove(number)


class Search:
    """One search: its strategy, what is in flight and what has been evaluated.

    Asks and tells follow one schedule: ask while fewer than `in_flight` candidates are
    untold, else tell the outcome of the lowest number in flight. Evaluators that run several
    proposals at once therefore find the same candidates as one that runs them in turn. Trainings in
    parts keep it: a part that goes on is asked for before a new candidate, and parts end in the
    order in which they were asked for.
    """

    def __init__(
        self,
        spec: SearchSpec,
        evaluator: Evaluator,
        emit: Emit = silent,
        history: History = (),
        weights: WeightStore | None = None,
    ):
        """`spec` must have been checked by `assembly.check`; it must have no limits."""
        refuse_limits(spec)
        self.spec = spec
        self.weights = weights
        self._evaluator = evaluator
        self._emit = emit
        self._past = Past(history)
        self._goals = assembly.goals_of(spec)
        self._front = RunFront(self._goals, assembly.constraints_of(spec))
        self._controller = controller_for(spec, self._goals, assembly.constraints_of(spec))
        self._screen = screen_for(spec, self._goals)
        self._proposals: dict[int, Proposal] = {}  # of candidates that have not ended
        self._strategy: Strategy = assembly.make_strategy(spec)
        self._open: list[Proposal] = []
        self._asked = 0
        self._pruned = 0  # ended proposals that do not count towards the budget
        self._evaluated: list[Candidate] = []
        self._parts: list[tuple[Proposal, Outcome]] = []

    def run(self) -> Result:
        """Run to the end; see `nasengine.execution.loop.run` for what it raises."""
        while self._ask() or self._tell() or self._give_up():
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
        evaluated = sorted(self._evaluated, key=lambda candidate: candidate.number)
        parts = tuple(self._parts)
        return Result(self.spec, self._goals, tuple(evaluated), finished, self.weights, parts)

    def _is_used_up(self) -> bool:
        return is_used_up(self.spec, self._asked, self._pruned)

    @property
    def _is_closing(self) -> bool:
        """Whether no new candidate will be proposed."""
        return self._is_used_up() or self._strategy.finished

    def _ask(self) -> bool:
        if len(self._open) >= self.spec.in_flight:
            return False
        part = self._controller and self._controller.next_part(self._is_closing)
        if part:
            number, until = part
            self._begin(replace(self._proposals[number], until=until))
            return True
        if self._is_closing:
            return False
        proposal = self._strategy.ask()
        if proposal is None:
            return False
        self._past.check(proposal)
        self._asked += 1
        if self._controller is not None:
            proposal = replace(proposal, until=self._controller.propose(proposal.number))
        if self._screen is not None and not proposal.screen:
            proposal = replace(proposal, screen=self._screen.request(proposal.number))
        self._proposals[proposal.number] = proposal
        if proposal.number not in self._past:
            self._emit(EngineEvent("proposal", proposal.to_json(), proposal.number))
        self._begin(proposal)
        return True

    def _begin(self, proposal: Proposal) -> None:
        """Have a proposal, or the next part of its training, evaluated."""
        self._open.append(proposal)
        if not self._past.has_outcome(proposal.number):
            self._evaluator.submit(proposal)

    def _tell(self) -> bool:
        if not self._open:
            return False
        proposal = self._open.pop(0)
        past = self._past.take(proposal.number)
        outcome = past if past is not None else self._evaluator.outcome(proposal)
        if outcome.state == "paused":
            self._parts.append((replace(proposal, until=None), outcome))
            if past is None:
                self._emit(EngineEvent("paused", outcome.to_json(), proposal.number))
        if self._controller is None:
            self._learn(outcome, past is None)
            self._end(outcome, past is None)
            return True
        ending = self._controller.take(outcome)
        if ending.told is not None:
            self._learn(ending.told, past is None)
        if ending.ended is not None:
            self._end(ending.ended, past is None)
        self._give_up()
        return True

    def _learn(self, outcome: Outcome, is_new: bool) -> None:
        """Tell the strategy and the filter an outcome."""
        self._strategy.tell(outcome)
        switch = self._screen.take(outcome) if self._screen is not None else None
        if switch is not None and is_new:
            state, level = ("on", "info") if switch.active else ("off", "warning")
            text = f"filter switched {state}: {switch.text}"
            self._emit(EngineEvent("log", {"level": level, "text": text}, outcome.number))

    def _give_up(self) -> bool:
        """End the candidates whose training never goes on; return whether there was one."""
        if self._controller is None:
            return False
        lost = self._controller.given_up(self._is_closing)
        for outcome in lost:
            self._end(outcome, not self._past.has_stopped(outcome.number))
        return bool(lost)

    def _end(self, outcome: Outcome, is_new: bool) -> None:
        """Add a candidate that has ended to the result and the front."""
        proposal = self._proposals.pop(outcome.number)
        self._pruned += is_pruned(outcome.state)
        self._evaluated.append(Candidate(replace(proposal, until=None), outcome, self.spec))
        step = self._front.add(proposal.number, outcome.values, outcome.state)
        if self._controller is not None:
            self._evaluator.forget(outcome.number)
        if is_new:
            self._emit(EngineEvent("outcome", outcome.to_json(), proposal.number))
            if step.joined:
                front = {"front": self._front.front, "hypervolume": self._front.hypervolume}
                self._emit(EngineEvent("front", front, proposal.number))
