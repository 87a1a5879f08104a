"""Look-ups: a candidate whose numbers lie ready ends in the transaction that asks for it.

Nobody holds such a candidate, so it needs no queue, claim, lease or fence: whoever advances
the run asks the strategy, looks the architecture up and tells the strategy again, for a
fraction of a second at a time. Dying on the way undoes the whole transaction, so that
nothing was asked; what was stored goes on from there. The schedule of asks and tells stays
that of every run, and with it what is found.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from django.db.models.functions import Now

from nasengine.core.errors import EngineError
from nasengine.core.outcome import Outcome
from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from nasengine.execution.evaluation import evaluate
from webapp.runs.models import Candidate, Measurement, Run

from .finishing import LOUD, checked_ending, measurement_rows, next_order, set_ending
from .outcomes import outcome_of
from .record import record_log

SLICE_SECONDS = 0.25  # of a run's turn: others wait no longer than that


class Lookups:
    """Ends the candidates of one pass of a fold, in the order of asking.

    `time_is_up` says when the pass shall end, so that its transaction stays short.
    """

    def __init__(self, run: Run, spec: SearchSpec, seconds: float):
        self._run = run
        self._spec = spec
        self._until = time.monotonic() + seconds
        self._order: int | None = None
        self._measured: dict[int, list[Measurement]] = {}

    @property
    def time_is_up(self) -> bool:
        return time.monotonic() >= self._until

    def look_up(self, candidate: Candidate, proposal: Proposal) -> Candidate:
        """Looks one up; the candidate, not stored yet, then has ended."""
        outcome = evaluate(self._spec, proposal, lambda point: None, lambda: False)
        state, reason, measured = checked_ending(self._run, outcome)
        set_ending(self._run, candidate, state, reason, measured)
        candidate.ended_order = self._next_order()
        candidate.started_at = Now()
        self._measured[candidate.number] = measurement_rows(measured)
        return candidate

    def outcome_of(self, candidate: Candidate) -> Outcome:
        """What the strategy is told: of one that ended before, as the database has it."""
        return outcome_of(candidate, self._measured.get(candidate.number))

    def store(self, candidates: Iterable[Candidate]) -> None:
        """Stores the measurements of candidates that are stored themselves by now."""
        rows = []
        for candidate in candidates:
            for row in self._measured[candidate.number]:
                row.candidate = candidate
                rows.append(row)
            if candidate.state in LOUD:
                text = f"{candidate.state}: {candidate.reason}"
                record_log(self._run, LOUD[candidate.state], text, candidate.number)
        Measurement.objects.bulk_create(rows)

    def _next_order(self) -> int:
        self._order = next_order(self._run) if self._order is None else self._order + 1
        return self._order


def lookups(run: Run, spec: SearchSpec, seconds: float) -> Lookups | None:
    """For a run whose numbers lie ready where this is called; None: workers evaluate."""
    try:
        estimator = assembly.make_estimator(spec)
        ready = estimator.is_lookup and not estimator.objections(
            assembly.make_space(spec), spec.dataset
        )
    except EngineError:
        return None  # whoever sets the strategy up says what is wrong
    return Lookups(run, spec, seconds) if ready else None
