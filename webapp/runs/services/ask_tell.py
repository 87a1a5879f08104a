"""The ask-tell step of a run: restore its strategy, tell it outcomes, ask it for proposals.

Asks and tells follow one schedule. In a deterministic run: ask while fewer than `in_flight`
candidates are untold, otherwise tell the outcome of the next number. Proposal n therefore always
follows exactly n - in_flight + 1 tells, regardless of the number and speed of workers and of
pauses. Otherwise outcomes are told in the order in which candidates end, then asks fill up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from nasengine.core.architecture import canonical_json
from nasengine.core.outcome import Outcome
from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.core.strategy import Strategy
from nasengine.execution import assembly
from nasengine.execution.budget import end_reason, is_pruned, is_used_up
from nasengine.screening import Screen, Switch, screen_for
from webapp.events.clean import clean_json
from webapp.runs.models import ENDED_RUNS, Candidate, Run, RunState
from webapp.runs.queries import lean_candidates

from .limits import limit_reached
from .lookups import SLICE_SECONDS, lookups
from .outcomes import outcome_of
from .parts import Parts, parts_of

T = TypeVar("T")
NO_ASKING = (RunState.STOPPING, *ENDED_RUNS)
RESTING = (RunState.PAUSING, RunState.PAUSED)


class StrategyFailed(Exception):
    """The strategy refused or raised; the text is for users, the cause for the log."""


class AskTellStep:
    """One pass over a locked run: call `go`, then store what it holds.

    `told` lists the candidates told in this pass with their outcomes, `asked` the new candidates,
    which are not stored yet. If candidates are looked up, `lookups` has ended the new ones, and a
    pass ends after `seconds` with `unfinished` set: it can continue at once.
    """

    def __init__(self, run: Run, seconds: float = SLICE_SECONDS):
        self.run = run
        self.spec = SearchSpec.from_json(run.spec)
        self.lookups = lookups(run, self.spec, seconds)
        self.unfinished = False
        self.limit = limit_reached(run)  # why nothing more is proposed; "" without such a reason
        self.parts = parts_of(run, self.spec)
        self.told: list[tuple[Candidate, Outcome]] = []
        self.asked: list[Candidate] = []
        self._untold = (
            self.parts.ended_candidates()
            if self.parts
            else _untold_candidates(run, self.spec.deterministic)
        )
        self.screen = _screen_of(run, self.spec)
        self.switches: list[tuple[Candidate, Switch]] = []
        self._strategy: Strategy | None = None
        self._waits_for_tell = False

    def go(self) -> None:
        """Ask and tell as far as the schedule allows.

        Raises:
            StrategyFailed: the strategy could not be created, told or asked.
        """
        if self.lookups and self.run.state in RESTING:
            return  # a resting run looks nothing up, so its outcomes are not told too early
        if not self._untold and not self._may_ask() and not self._may_retry() and not self.parts:
            return
        self._strategy = self._guarded("be set up", self._restored)
        while not self.unfinished and self._next():
            self.unfinished = self._is_out_of_time()
        if self.parts:
            self.parts.give_up(self._is_closing)
        if self._is_stuck():
            raise StrategyFailed(
                f"strategy {self.spec.strategy} proposes nothing although all outcomes are told"
            )

    def finish_reason(self) -> str | None:
        """Return why the run is finished, None if it goes on or candidates are untold.

        The reason is empty if all candidates of the budget were evaluated, which is what the
        state `finished` means.
        """
        run = self.run
        if self.limit:
            return None if self._in_flight else limit_reached(run)
        if run.told < run.asked or run.retries_waiting or (self.parts and not self.parts.are_over):
            return None
        if is_used_up(self.spec, run.budget_proposed, run.pruned):
            return end_reason(self.spec, run.budget_proposed, run.pruned)
        if self._strategy is not None and self._strategy.finished:
            return f"the strategy had nothing more to propose after {run.told} candidates"
        return None

    def state(self) -> dict[str, Any]:
        """Return the strategy's state as JSON."""
        return self._guarded("save its state", self._saved)

    def view(self) -> dict[str, Any]:
        """Return the strategy's own view as {"kind", "view"}."""
        strategy = self.strategy
        return self._guarded(
            "draw its view",
            lambda: {"kind": strategy.view_kind, "view": clean_json(strategy.view())},
        )

    @property
    def strategy(self) -> Strategy:
        """The strategy, restored by `go`."""
        assert self._strategy is not None
        return self._strategy

    def _restored(self) -> Strategy:
        strategy = assembly.make_strategy(self.spec)
        if self.run.strategy_state is not None:
            strategy.load_state_dict(self.run.strategy_state)
        return strategy

    def _saved(self) -> dict[str, Any]:
        state = self.strategy.state_dict()
        canonical_json(state)  # refuses NaN, which PostgreSQL's JSON refuses too
        return state

    def _next(self) -> bool:
        """Do one ask or one tell; return False if neither is possible."""
        if self.spec.deterministic:
            return self._ask() or self._tell()
        return self._tell() or self._ask()

    def _is_out_of_time(self) -> bool:
        """Whether other runs wait; a run that asks for nothing more tells the rest in one pass."""
        if self.lookups is None or self.run.state in NO_ASKING:
            return False
        return self.lookups.time_is_up

    def _may_ask(self) -> bool:
        run = self.run
        return (
            run.state not in NO_ASKING
            and not self.limit
            and not is_used_up(self.spec, run.budget_proposed, run.pruned)
            and self._in_flight < self.spec.in_flight
            and not self._waits_for_tell
        )

    @property
    def _in_flight(self) -> int:
        return self.parts.in_flight if self.parts else self.run.asked - self.run.told

    @property
    def _is_closing(self) -> bool:
        """Whether no new candidate will be proposed."""
        used_up = is_used_up(self.spec, self.run.budget_proposed, self.run.pruned)
        return bool(self.limit) or used_up or self.strategy.finished

    def _ask(self) -> bool:
        may_go_on = self.run.state not in NO_ASKING and not self.limit
        parts = self.parts if may_go_on else None
        if parts and parts.go_on(self._is_closing, self.spec.in_flight):
            return True
        if self._may_retry():
            self._retry()
            return True
        if not self._may_ask() or self.strategy.finished:
            return False
        self._steer()
        proposal = self._guarded("propose", self.strategy.ask)
        if proposal is None:
            self._waits_for_tell = True
            return False
        self._take_up(proposal)
        return True

    def _steer(self) -> None:
        """Pass a target that waits on to the strategy: it counts from the next proposal on."""
        if not self.run.steering or self.run.steering[-1]["from"] is not None:
            return
        newest = self.run.steering[-1]
        self._guarded("be steered", lambda: self.strategy.steer(newest["target"]))
        self.run.steering = [*self.run.steering[:-1], {**newest, "from": self.run.asked}]

    def _may_retry(self) -> bool:
        run = self.run
        wanted = bool(run.retries_waiting) and run.state not in NO_ASKING and not self.limit
        return wanted and self._in_flight < self.spec.in_flight

    def _retry(self) -> None:
        """Have the strategy propose the architecture of a failed candidate again."""
        number, *self.run.retries_waiting = self.run.retries_waiting
        failed = Proposal.from_json(self.run.candidates.get(number=number).proposal)
        proposal = self._guarded("repeat a proposal", lambda: self.strategy.repeat(failed))
        if proposal is None:
            raise StrategyFailed(f"strategy {self.spec.strategy} repeats no proposal")
        self._take_up(proposal, retry_of=number)
        self.run.retried += 1

    def _take_up(self, proposal: Proposal, retry_of: int | None = None) -> None:
        """Make a proposal a new candidate, which is in flight or looked up at once."""
        if self.screen is not None and not proposal.screen:
            proposal = replace(proposal, screen=self.screen.request(proposal.number))
        candidate = self._candidate(proposal)
        candidate.retry_of = retry_of
        if self.parts:
            self.parts.propose(candidate)
        self.asked.append(candidate)
        self.run.asked += 1
        if self.lookups:
            self._untold.append(self.lookups.look_up(candidate, proposal))

    def _tell(self) -> bool:
        if not self._untold:
            return False
        if self.parts:
            return self._take_part(self.parts)
        candidate = self._untold[0]
        if self.spec.deterministic and candidate.number != self.run.told:
            return False  # its predecessors have not ended yet
        del self._untold[0]
        outcome = self.lookups.outcome_of(candidate) if self.lookups else outcome_of(candidate)
        self._learn(candidate, outcome)
        return True

    def _learn(self, candidate: Candidate, outcome: Outcome) -> None:
        """Tell the strategy and the filter an outcome."""
        self._guarded("take an outcome", lambda: self.strategy.tell(outcome))
        switch = self.screen.take(outcome) if self.screen is not None else None
        if switch is not None:
            self.switches.append((candidate, switch))
        self.told.append((candidate, outcome))
        self.run.told += 1
        self.run.pruned += is_pruned(outcome.state)
        self._waits_for_tell = False

    def _take_part(self, parts: Parts) -> bool:
        """Take the end of a part of a training; the strategy learns of it once."""
        candidate = self._untold[0]
        if self.spec.deterministic and candidate.part != parts.next_part:
            return False  # the parts before it have not ended yet
        del self._untold[0]
        told = self._guarded("rank a training", lambda: parts.take(candidate))
        if told is not None:
            self._learn(candidate, told)
        return True

    def _is_stuck(self) -> bool:
        """Whether the strategy waits for an outcome although all are told."""
        idle = self.run.told == self.run.asked and self._waits_for_tell and not self._in_flight
        return idle and not self.strategy.finished

    def _candidate(self, proposal: Proposal) -> Candidate:
        if proposal.number != self.run.asked:
            raise StrategyFailed(
                f"strategy {self.spec.strategy} proposed number {proposal.number}, "
                f"expected {self.run.asked}"
            )
        stored = self._guarded("describe a proposal", lambda: _as_json(proposal))
        return Candidate(
            run=self.run,
            number=proposal.number,
            proposal=stored,
            architecture_id=proposal.architecture.id,
            parents=list(proposal.parents),
            origin=proposal.origin[:40],
        )

    def _guarded(self, action: str, call: Callable[[], T]) -> T:
        """Call, and turn every error of the strategy into a StrategyFailed."""
        try:
            return call()
        except StrategyFailed:
            raise
        except Exception as error:
            text = str(error) or type(error).__name__
            raise StrategyFailed(
                f"strategy {self.spec.strategy} could not {action}: {text}"
            ) from error


def _as_json(proposal: Proposal) -> dict[str, Any]:
    value = proposal.to_json()
    canonical_json(value)
    return value


def _screen_of(run: Run, spec: SearchSpec) -> Screen | None:
    """Return the filter of a run as it was stored; None if it has none."""
    if spec.proxy == "off":
        return None
    screen = screen_for(spec, assembly.goals_of(spec))
    assert screen is not None
    if run.proxy_state is not None:
        screen.load_state_dict(run.proxy_state)
    return screen


def _untold_candidates(run: Run, by_number: bool) -> list[Candidate]:
    ended = run.candidates.filter(told=False, ended_order__isnull=False)
    return list(lean_candidates(ended).order_by("number" if by_number else "ended_order"))
