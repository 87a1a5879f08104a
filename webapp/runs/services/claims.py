"""Holding a candidate: one conditional UPDATE, a lease by database time, a fence.

A worker that was frozen, cut off or declared lost carries an old fence: whatever it still
says is refused. See docs/state.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from django.conf import settings
from django.db.models import Count, F, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now

from nasengine.core.outcome import Outcome
from webapp.events.clean import clean_json
from webapp.runs.models import (
    WAITING_CANDIDATES,
    Candidate,
    CandidateState,
    Run,
    RunState,
    WorkerSlot,
)

from .finishing import checked_ending, end_candidate
from .locking import locked_run
from .notifications import wake_coordinator, wake_workers
from .record import record_candidates, record_curve, record_log, record_run
from .weights import weights_folder

MAX_POINTS = 5000  # of one curve
TRIES = 20  # of taking a candidate before another slot does


@dataclass(frozen=True)
class Claim:
    """A worker's hold on a candidate, with all that is needed to evaluate it.

    `question` and `proposal` are the JSON forms of the engine's SearchSpec and Proposal,
    `data_digest` is that of the data the run has used so far ("" before the first),
    `weights` the folder on this machine where its candidates leave weights.
    """

    candidate_id: int
    run_id: int
    number: int
    fence: int
    spec: dict[str, Any]
    proposal: dict[str, Any]
    data_digest: str
    weights: str


def claim(slot: WorkerSlot, queues: list[str]) -> Claim | None:
    """Takes the next waiting candidate of these queues, None where there is none.

    Runs with the fewest running candidates come first, then the one that waits longest for a
    turn, then the oldest run, then the lowest number: a single slot goes round all runs.
    Paused, stopping and ended runs hand nothing out.
    """
    for candidate_id, run_id in _waiting(queues):
        try:
            with locked_run(run_id) as run:
                if taken := _take(run, candidate_id, slot):
                    return taken
        except Run.DoesNotExist:
            continue
    return None


def heartbeat(claim: Claim) -> Literal["go", "cancel", "lost"]:
    """Prolongs the lease; says whether to go on, to give up, or that it is lost."""
    held = _held(claim)
    if not held.update(lease_until=Now() + settings.LEASE_LENGTH):
        return "lost"
    return "cancel" if held.filter(cancel_asked=True).exists() else "go"


def report(claim: Claim, point: dict[str, Any]) -> bool:
    """Adds a point to the curve; False when the claim is no longer valid."""
    with locked_run(claim.run_id) as run:
        candidate = _held(claim).first()
        if candidate is None:
            return False
        if len(candidate.curve) < MAX_POINTS:
            candidate.curve.append(clean_json(point))
            candidate.save(update_fields=["curve"])
            record_curve(run, candidate)
        return True


def finish(claim: Claim, outcome: Outcome) -> bool:
    """Stores how the candidate ended; False when the claim is no longer valid.

    Safe to call twice: the second call finds nothing held and changes nothing.

    Raises:
        ValueError: the outcome is of another number.
    """
    if outcome.number != claim.number:
        raise ValueError(f"outcome {outcome.number} is not of candidate {claim.number}")
    with locked_run(claim.run_id) as run:
        candidate = _held(claim).defer("curve", "proposal").first()
        if candidate is None:
            return False
        candidate.findings = clean_json(outcome.findings)
        end_candidate(run, candidate, *checked_ending(run, outcome))
        record_run(run)
        wake_coordinator(run.pk)
        return True


def record_data_digest(claim: Claim, digest: str) -> None:
    """Keeps with the run what its data set holds; warns where that changed on the way."""
    with locked_run(claim.run_id) as run:
        if run.data_digest == digest or not _held(claim).exists():
            return
        if run.data_digest:
            text = f"the data changed: {digest[:12]} here, {run.data_digest[:12]} before"
            record_log(run, "warning", text, claim.number)
        else:
            run.data_digest = digest
            run.save(update_fields=["data_digest"])


def release_claim(claim: Claim) -> bool:
    """Puts the candidate back in its queue, as if it had never been taken."""
    with locked_run(claim.run_id) as run:
        changed = _held(claim).update(
            state=CandidateState.QUEUED,
            slot=None,
            lease_until=None,
            attempts=F("attempts") - 1,
            started_at=None,
        )
        if changed:
            record_candidates(run, [claim.candidate_id])
            record_run(run)
            wake_coordinator(run.pk)
            wake_workers(_held_queue(claim))
        return bool(changed)


def _waiting(queues: list[str]) -> list[tuple[int, int]]:
    siblings = Candidate.objects.filter(run=OuterRef("run")).order_by().values("run")
    running = siblings.filter(state=CandidateState.RUNNING).annotate(number=Count("pk"))
    turns = siblings.annotate(last=Max("started_at"))
    waiting = Candidate.objects.filter(
        state__in=WAITING_CANDIDATES, queue__in=queues, run__state=RunState.RUNNING
    ).annotate(
        busy=Coalesce(Subquery(running.values("number")), 0),
        served=Subquery(turns.values("last")),
    )
    turn = F("served").asc(nulls_first=True)
    ordered = waiting.order_by("busy", turn, "run_id", "number")
    return list(ordered.values_list("pk", "run_id")[:TRIES])


def _take(run: Run, candidate_id: int, slot: WorkerSlot) -> Claim | None:
    if run.state != RunState.RUNNING:
        return None
    waiting = Q(pk=candidate_id, state__in=WAITING_CANDIDATES, run=run)
    taken = Candidate.objects.filter(waiting).update(
        state=CandidateState.RUNNING,
        reason="",
        slot=slot,
        lease_until=Now() + settings.LEASE_LENGTH,
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        started_at=Now(),
        cancel_asked=False,
        curve=[],  # what an earlier attempt reported is void
    )
    if not taken:
        return None
    candidate = Candidate.objects.get(pk=candidate_id)
    record_candidates(run, [candidate_id])
    record_run(run)
    return Claim(
        candidate_id=candidate.pk,
        run_id=run.pk,
        number=candidate.number,
        fence=candidate.fence,
        spec=run.spec,
        proposal=candidate.proposal,
        data_digest=run.data_digest,
        weights=str(weights_folder(run)),
    )


def _held(claim: Claim):
    return Candidate.objects.filter(
        pk=claim.candidate_id, fence=claim.fence, state=CandidateState.RUNNING
    )


def _held_queue(claim: Claim) -> list[str]:
    return list(Candidate.objects.filter(pk=claim.candidate_id).values_list("queue", flat=True))
