"""Trainings in parts: pausing candidates, letting them go on exactly once, ending them.

A part is ordinary work of its candidate: queued, claimed with a lease and a new fencing token. When
it pauses, no worker holds the candidate. The step of the run takes the ends of parts in the order
in which the parts were handed out, and `nasengine.fidelity` decides. See docs/state.md.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from nasengine.core.outcome import Outcome
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from nasengine.fidelity import EpochController, controller_for
from webapp.events.clean import clean_json
from webapp.runs.models import Candidate, CandidateState, Run
from webapp.runs.queries import lean_candidates

from .finishing import COST_FIELDS, checked_ending, end_candidate, store_measurements
from .outcomes import outcome_of
from .record import record_candidates

TAKEN = ("part_open", "told", "findings")


def ended_part() -> Q:
    """Return the condition of candidates whose part has ended and was not taken yet."""
    has_ended = Q(state=CandidateState.PAUSED) | Q(ended_order__isnull=False)
    return has_ended & Q(part_open=True)


def proposal_of(candidate: Candidate) -> dict[str, Any]:
    """Return the proposal of a claimed candidate with the epoch at which its part ends."""
    until = {} if candidate.until is None else {"until": candidate.until}
    return {**candidate.proposal, **until}


def end_part(run: Run, candidate: Candidate, outcome: Outcome) -> None:
    """Store the outcome of a claimed candidate: it has paused or ended."""
    if outcome.training is not None:
        candidate.training = clean_json(outcome.training.to_json())
    state, reason, measurements = checked_ending(run, outcome)
    if state != CandidateState.PAUSED:
        end_candidate(run, candidate, state, reason, measurements)
        return
    store_measurements(candidate, measurements)
    candidate.state = CandidateState.PAUSED
    candidate.reason = ""
    candidate.lease_until = None
    candidate.save(
        update_fields=[
            "state", "reason", "lease_until", "training", *COST_FIELDS,
        ]
    )  # fmt: skip
    record_candidates(run, [candidate.pk])


def stop_paused(run: Run, reason: str) -> None:
    """End every paused candidate of a locked run that ends."""
    paused = run.candidates.filter(state=CandidateState.PAUSED).order_by("number")
    for candidate in paused.defer("curve", "proposal"):
        end_candidate(run, candidate, CandidateState.STOPPED, reason)


class Parts:
    """The parts of a locked run in one ask-tell step; `store` saves what has changed."""

    def __init__(self, run: Run, controller: EpochController):
        self._run = run
        self._controller = controller
        if run.epochs_state is not None:
            controller.load_state_dict(run.epochs_state)
        self.changed = False
        self._taken: dict[int, Candidate] = {}
        self._going_on: dict[int, tuple[int, int]] = {}  # number -> until, part
        self._ended: list[Outcome] = []
        handed_out = run.candidates.filter(part_open=True).order_by("part")
        self._open_parts = [candidate.part or 0 for candidate in handed_out.only("part")]
        self.queues: list[str] = []

    @property
    def in_flight(self) -> int:
        """How many parts are handed out and not taken."""
        return len(self._open_parts)

    @property
    def next_part(self) -> int | None:
        """The part whose end is taken next in a repeatable run."""
        return self._open_parts[0] if self._open_parts else None

    @property
    def are_over(self) -> bool:
        """Whether no part is handed out and no candidate waits for one."""
        return not self.in_flight and all(
            trial.status == "ended" for trial in self._controller.trials.values()
        )

    def ended_candidates(self) -> list[Candidate]:
        """Return the candidates whose part has ended, in the order of the parts."""
        return list(lean_candidates(self._run.candidates.filter(ended_part())).order_by("part"))

    def propose(self, candidate: Candidate) -> None:
        """Hand out the first part of a new candidate, which is not stored yet."""
        candidate.until = self._controller.propose(candidate.number)
        candidate.part, candidate.part_open = self._hand_out(), True

    def go_on(self, closing: bool, limit: int) -> bool:
        """Hand out the next part of a training if one goes on; return whether one does."""
        if self.in_flight >= limit:
            return False
        step = self._controller.next_part(closing)
        if step is None:
            return False
        number, until = step
        self._going_on[number] = until, self._hand_out()
        return True

    def take(self, candidate: Candidate) -> Outcome | None:
        """Take the end of a candidate's part; return what the strategy is to be told now."""
        ending = self._controller.take(outcome_of(candidate))
        self.changed = True
        self._open_parts.remove(candidate.part or 0)
        candidate.part_open = False
        if ending.told is not None:
            candidate.told = True
        if ending.ended is not None:
            candidate.findings = clean_json(ending.ended.findings)
            self._ended.append(ending.ended)
        self._taken[candidate.number] = candidate
        return ending.told

    def give_up(self, closing: bool) -> None:
        """End the trainings that never go on."""
        lost = self._controller.given_up(closing)
        self.changed = self.changed or bool(lost)
        self._ended += lost

    def store(self) -> list[Outcome]:
        """Save everything; return the outcomes of the candidates that have ended, in turn."""
        run = self._run
        for candidate in self._taken.values():
            candidate.save(update_fields=[*TAKEN])
        for outcome in self._ended:
            if outcome.state == "stopped":
                self._stop(outcome)
        for number, (until, part) in self._going_on.items():
            paused = run.candidates.filter(number=number, state=CandidateState.PAUSED)
            paused.update(
                state=CandidateState.QUEUED,
                until=until,
                part=part,
                part_open=True,
                slot=None,
                attempts=0,
                queued_at=Now(),
                started_at=None,
            )
        going_on = run.candidates.filter(number__in=self._going_on)
        record_candidates(run, list(going_on.values_list("pk", flat=True)))
        self.queues = sorted(set(going_on.values_list("queue", flat=True)))
        run.epochs_state = self._controller.state_dict()
        return self._ended

    def _stop(self, outcome: Outcome) -> None:
        candidate = self._run.candidates.defer("curve", "proposal").get(number=outcome.number)
        candidate.findings = clean_json(outcome.findings)
        end_candidate(self._run, candidate, CandidateState.STOPPED, outcome.reason)

    def _hand_out(self) -> int:
        """Return the number of the next part."""
        part = self._run.parts
        self._run.parts += 1
        self._open_parts.append(part)
        self.changed = True
        return part


def parts_of(run: Run, spec: SearchSpec) -> Parts | None:
    """Return the parts of a run; None if it trains every candidate to its end."""
    if spec.fewer_epochs == "off":
        return None
    controller = controller_for(spec, assembly.goals_of(spec), assembly.constraints_of(spec))
    assert controller is not None
    return Parts(run, controller)
