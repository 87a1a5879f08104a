"""The fold: a run's strategy rebuilt, told what ended, asked for what comes next.

Asks and tells follow one schedule. With a deterministic question it is: ask while fewer
than `in_flight` candidates are untold, else tell the next number; so proposal n always
follows exactly n - in_flight + 1 tells, however many workers there are, whoever is faster
and whenever somebody pauses. Otherwise endings are told as they come, then asks fill up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from nasengine.core.architecture import canonical_json
from nasengine.core.outcome import Outcome
from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from webapp.events.clean import clean_json
from webapp.runs.models import ENDED_RUNS, Candidate, Run, RunState
from webapp.runs.queries import lean_candidates

from .lookups import SLICE_SECONDS, lookups
from .outcomes import outcome_of

T = TypeVar("T")
NO_ASKING = (RunState.DRAFT, RunState.STOPPING, *ENDED_RUNS)
RESTING = (RunState.PAUSING, RunState.PAUSED)


class StrategyFailed(Exception):
    """The strategy refused or broke; the text is for people, the cause for the log."""


class AskTellStep:
    """One pass over a locked run: `go`, then `save`.

    `told` holds the endings that were told in this pass, in order, `asked` the new
    candidates, not stored yet. Where numbers lie ready, `lookups` has ended these, and a
    pass ends after `seconds` with `unfinished`: there is more to do at once.
    """

    def __init__(self, run: Run, seconds: float = SLICE_SECONDS):
        self.run = run
        self.spec = SearchSpec.from_json(run.spec)
        self.lookups = lookups(run, self.spec, seconds)
        self.unfinished = False
        self.told: list[tuple[Candidate, Outcome]] = []
        self.asked: list[Candidate] = []
        self.waiting = _untold(run, self.spec.deterministic)
        self.strategy: Any = None
        self.must_be_told = False

    def go(self) -> None:
        """Asks and tells as far as the schedule allows.

        Raises:
            StrategyFailed: the strategy could not be made, told or asked.
        """
        if self.lookups and self.run.state in RESTING:
            return  # nothing is handed out, so nothing is looked up, and nothing told too early
        if not self.waiting and not self._may_ask():
            return
        self.strategy = self._guarded("be set up", self._restored)
        while not self.unfinished and self._step():
            self.unfinished = self._is_cut_short()
        if self._stuck():
            raise StrategyFailed(f"strategy {self.spec.strategy} asks for nothing more and waits")

    def finished(self) -> bool:
        """Whether nothing will be asked any more and everything asked was told."""
        if self.run.told < self.run.asked:
            return False
        exhausted = self.strategy is not None and self.strategy.finished
        return self.run.asked >= self.run.candidate_budget or exhausted

    def state(self) -> dict[str, Any]:
        """The snapshot of the fold, JSON."""
        return self._guarded("save its state", self._saved)

    def view(self) -> dict[str, Any]:
        """The method's own view as {"kind", "view"}."""
        strategy = self.strategy
        return self._guarded(
            "draw its view",
            lambda: {"kind": strategy.view_kind, "view": clean_json(strategy.view())},
        )

    def _restored(self) -> Any:
        strategy = assembly.make_strategy(self.spec)
        if self.run.strategy_state is not None:
            strategy.load_state_dict(self.run.strategy_state)
        return strategy

    def _saved(self) -> dict[str, Any]:
        state = self.strategy.state_dict()
        canonical_json(state)  # refuses NaN, which the database would not take either
        return state

    def _step(self) -> bool:
        """One ask or one tell; False when there is neither."""
        if self.spec.deterministic:
            return self._ask() or self._tell()
        return self._tell() or self._ask()

    def _is_cut_short(self) -> bool:
        """Whether others wait; a run that asks for nothing more tells the rest in one pass."""
        going = self.lookups is not None and self.run.state not in NO_ASKING
        return going and self.lookups.time_is_up

    def _may_ask(self) -> bool:
        run = self.run
        return (
            run.state not in NO_ASKING
            and run.asked < run.candidate_budget
            and run.asked - run.told < self.spec.in_flight
            and not self.must_be_told
        )

    def _ask(self) -> bool:
        if not self._may_ask() or self.strategy.finished:
            return False
        proposal = self._guarded("propose", self.strategy.ask)
        if proposal is None:
            self.must_be_told = True
            return False
        candidate = self._candidate(proposal)
        self.asked.append(candidate)
        self.run.asked += 1
        if self.lookups:
            self.waiting.append(self.lookups.look_up(candidate, proposal))
        return True

    def _tell(self) -> bool:
        if not self.waiting:
            return False
        candidate = self.waiting[0]
        if self.spec.deterministic and candidate.number != self.run.told:
            return False  # held back until its predecessors have ended
        del self.waiting[0]
        outcome = (self.lookups.outcome_of if self.lookups else outcome_of)(candidate)
        self._guarded("take an outcome", lambda: self.strategy.tell(outcome))
        self.told.append((candidate, outcome))
        self.run.told += 1
        self.must_be_told = False
        return True

    def _stuck(self) -> bool:
        """Whether everything is told and still nothing comes, though it should."""
        idle = self.run.told == self.run.asked and self.must_be_told
        return idle and not self.strategy.finished

    def _candidate(self, proposal: Proposal) -> Candidate:
        if proposal.number != self.run.asked:
            raise StrategyFailed(f"proposal {proposal.number} came where {self.run.asked} was due")
        stored = self._guarded("describe a proposal", lambda: _stored(proposal))
        return Candidate(
            run=self.run,
            number=proposal.number,
            proposal=stored,
            architecture_id=proposal.architecture.id,
            parents=list(proposal.parents),
            origin=proposal.origin[:40],
        )

    def _guarded(self, what: str, act: Callable[[], T]) -> T:
        try:
            return act()
        except StrategyFailed:
            raise
        except Exception as error:
            text = str(error) or type(error).__name__
            raise StrategyFailed(
                f"strategy {self.spec.strategy} could not {what}: {text}"
            ) from error


def _stored(proposal: Proposal) -> dict[str, Any]:
    value = proposal.to_json()
    canonical_json(value)
    return value


def _untold(run: Run, in_order_of_asking: bool) -> list[Candidate]:
    ended = run.candidates.filter(told=False, ended_order__isnull=False)
    return list(lean_candidates(ended).order_by("number" if in_order_of_asking else "ended_order"))
