"""Table lookups: a candidate ends in the transaction that asks for it; no worker is involved.

Such a candidate needs no queue, claim, lease or fencing token: the process that advances the run
asks the strategy, looks the architecture up and tells the strategy, for a fraction of a second
at a time. A crash rolls the whole transaction back, as if nothing had been asked. The schedule of
asks and tells is that of every other run, so the results are the same.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.db.models.functions import Now

from nasengine.core.errors import EngineError
from nasengine.core.outcome import Outcome
from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from nasengine.execution.evaluation import evaluate
from webapp.runs.models import Candidate, CandidateState, Measurement, Run

from .best import update_best
from .finishing import (
    LOG_LEVELS,
    checked_ending,
    measurement_rows,
    next_order,
    set_cost,
    set_ending,
)
from .outcomes import outcome_of
from .record import record_log

SLICE_SECONDS = 0.25  # one run's turn, so that other runs do not wait longer than this


class Lookups:
    """Ends the candidates of one step in the order of asking.

    The step ends once `time_is_up`, so that its transaction stays short.
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
        """End a candidate, which is not stored yet, with the values from the table."""
        outcome = evaluate(self._spec, proposal, lambda point: None, lambda: False)
        state, reason, measured = checked_ending(self._run, outcome)
        set_ending(self._run, candidate, state, reason, measured)
        set_cost(candidate, outcome)
        candidate.ended_order = self._next_order()
        candidate.started_at = Now()
        self._measured[candidate.number] = measurement_rows(measured)
        return candidate

    def outcome_of(self, candidate: Candidate) -> Outcome:
        """Return the outcome to tell; of a candidate that ended earlier, as it is stored."""
        return outcome_of(candidate, self._measured.get(candidate.number))

    def store(self, candidates: Sequence[Candidate]) -> None:
        """Store the measurements of candidates that are now stored themselves."""
        rows = []
        for candidate in candidates:
            for row in self._measured[candidate.number]:
                row.candidate = candidate
                rows.append(row)
            if candidate.state in LOG_LEVELS:
                text = f"{candidate.state}: {candidate.reason}"
                record_log(self._run, LOG_LEVELS[candidate.state], text, candidate.number)
        Measurement.objects.bulk_create(rows)
        done = (c.number for c in candidates if c.state == CandidateState.DONE)
        update_best(
            self._run,
            {number: {m.objective: m.value for m in self._measured[number]} for number in done},
        )

    def _next_order(self) -> int:
        self._order = next_order(self._run) if self._order is None else self._order + 1
        return self._order


def lookups(run: Run, spec: SearchSpec, seconds: float) -> Lookups | None:
    """Return the lookups of a run whose table this process can read; None if workers evaluate.

    Workers look up what is trained in parts.
    """
    if spec.fewer_epochs != "off":
        return None
    try:
        estimator = assembly.make_estimator(spec)
        ready = estimator.is_lookup and not estimator.objections(
            assembly.make_space(spec), spec.dataset
        )
    except EngineError:
        return None  # setting up the strategy reports what is wrong
    return Lookups(run, spec, seconds) if ready else None
