"""Claims on candidates: one conditional UPDATE, a lease in database time, a fencing token.

A worker that was frozen, disconnected or declared lost has an old fencing token; its reports are
refused. See docs/state.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from nasengine.core.outcome import Outcome, is_card_too_small
from webapp.common.telemetry import record_work
from webapp.events.clean import clean_json, clean_text
from webapp.limits import MAX_CURVE_POINTS, MAX_REASON
from webapp.runs.models import (
    WAITING_CANDIDATES,
    Candidate,
    CandidateState,
    Run,
    RunState,
    WorkerSlot,
)

from . import device_waits
from .cards import handed_back, memory_of, needs_of, too_small
from .finishing import set_cost
from .leases import Verdict, claimed_by, extend, may_claim, released
from .locking import locked_run
from .notices import Notice, is_notice
from .notifications import wake_coordinator, wake_workers
from .parts import end_part, proposal_of
from .reaper import try_again
from .record import record_candidates, record_curve, record_lines, record_log, record_run
from .slots import add_facts
from .turns import Turn, turns_of
from .weights import progress_place, weights_place


@dataclass(frozen=True)
class Claim:
    """A worker's claim on a candidate, with everything needed to evaluate it.

    Attributes:
        fence: the fencing token of this claim.
        spec: the engine's SearchSpec as JSON.
        proposal: the engine's Proposal as JSON.
        data_digest: digest of the data that the run has used so far, "" before the first.
        weights: the place of the weights of the run's candidates.
        progress: the place of the checkpoints of this candidate's training.
        needs: the device that the candidate needs, "cuda" or "".
        lost: why an earlier worker lost the candidate; "" if none did.
    """

    candidate_id: int
    run_id: int
    number: int
    fence: int
    spec: dict[str, Any]
    proposal: dict[str, Any]
    data_digest: str
    weights: str
    progress: str
    needs: str = ""
    lost: str = ""


def claim(slot: WorkerSlot, queues: list[str]) -> Claim | None:
    """Claim the next waiting candidate of these queues; None if there is none.

    Runs of a higher priority come first, then those of the team with the smallest load for its
    weight, then the run with the fewest running candidates, then the one that was served least
    recently, then the oldest run, then the lowest number: a single worker serves all teams and
    their runs in turn. Only running runs hand candidates out, and a drained worker gets none.
    """
    for turn in turns(queues):
        if claimed := claim_turn(slot, turn):
            return claimed
    return None


def claim_turn(slot: WorkerSlot, turn: Turn) -> Claim | None:
    """Claim the candidate of a turn; None if it does not wait any more."""
    try:
        with locked_run(turn.owner) as run:
            return _take(run, turn.pk, slot)
    except Run.DoesNotExist:
        return None


def heartbeat(claim: Claim) -> Verdict:
    """Extend the lease; see `leases.extend` for the answer."""
    return extend(_held(claim))


def report(claim: Claim, point: dict[str, Any]) -> bool:
    """Append an epoch to the learning curve, or take a notice about checkpoints.

    Returns:
        False if the claim is no longer valid.
    """
    with locked_run(claim.run_id) as run:
        candidate = _held(claim).first()
        if candidate is None:
            return False
        if is_notice(point):
            _take_notice(run, candidate, Notice.of_point(point, claim.lost))
            return True
        if len(candidate.curve) < MAX_CURVE_POINTS:
            candidate.curve.append(clean_json(point))
            candidate.save(update_fields=["curve"])
            record_curve(run, candidate)
        return True


def record_output(claim: Claim, lines: list[str]) -> None:
    """Add lines that the training has printed to the log, unless the claim is no longer valid."""
    with locked_run(claim.run_id) as run:
        if lines and _held(claim).exists():
            record_lines(run, [clean_text(line) for line in lines], claim.number)


def finish(claim: Claim, outcome: Outcome, prepared: Mapping[str, Any] | None = None) -> bool:
    """Store the outcome of the candidate; return False if the claim is no longer valid.

    Safe to call twice: the second call changes nothing. A candidate whose devices still have to
    measure its network waits for them, without its worker.

    Args:
        claim: the worker's claim.
        outcome: the outcome.
        prepared: what `nasengine.exports.for_device.prepare` returned for an outcome that awaits
            values.

    Raises:
        ValueError: the outcome belongs to another candidate.
    """
    if outcome.number != claim.number:
        raise ValueError(
            f"the outcome is of candidate {outcome.number}, the claim of {claim.number}"
        )
    with locked_run(claim.run_id) as run:
        candidate = _held(claim).select_related("slot").defer("curve", "proposal").first()
        if candidate is None:
            return False
        is_too_small = is_card_too_small(outcome.state, outcome.reason)
        if is_too_small and (reason := too_small(candidate, candidate.slot)):
            _hand_back(run, candidate, reason, memory_of(candidate.slot))
            return True
        candidate.findings = clean_json(outcome.findings)
        set_cost(candidate, outcome)
        if outcome.awaited and outcome.state == "done":
            device_waits.hold(run, candidate, outcome, prepared or {})
        else:
            end_part(run, candidate, outcome)
        record_run(run)
        wake_coordinator(run.pk)
        record_work(
            "candidate",
            candidate.state,
            candidate.queue,
            candidate.queued_at,
            candidate.started_at,
        )
        return True


def interrupted(claim: Claim, reason: str) -> bool:
    """Requeue the candidate because its trainer process died: it continues at its checkpoint.

    Returns:
        False if it has had settings.MAX_ATTEMPTS attempts without progress, or the claim is no
        longer valid.
    """
    with locked_run(claim.run_id) as run:
        candidate = _held(claim).first()
        return candidate is not None and try_again(run, candidate, clean_text(reason)[:MAX_REASON])


def hand_back(claim: Claim, reason: str) -> bool:
    """Return the candidate to its queue, because this worker does not have what it needs.

    The worker does not take such work again. Return False if the claim is no longer valid.
    """
    with locked_run(claim.run_id) as run:
        candidate = _held(claim).select_related("slot").first()
        if candidate is None:
            return False
        if candidate.slot is not None:
            add_facts(candidate.slot, {"accelerator": "none"})
        _hand_back(run, candidate, reason)
        return True


def record_data_digest(claim: Claim, digest: str) -> None:
    """Store the digest of the run's data; log a warning if the data changed during the run."""
    with locked_run(claim.run_id) as run:
        if run.data_digest == digest or not _held(claim).exists():
            return
        if run.data_digest:
            text = f"the data changed: digest {digest[:12]}, before {run.data_digest[:12]}"
            record_log(run, "warning", text, claim.number)
        else:
            run.data_digest = digest
            run.save(update_fields=["data_digest"])


def release_claim(claim: Claim) -> bool:
    """Return the candidate to its queue; the claim does not count as an attempt."""
    with locked_run(claim.run_id) as run:
        changed = _held(claim).update(state=CandidateState.QUEUED, **released())
        if changed:
            record_candidates(run, [claim.candidate_id])
            record_run(run)
            wake_coordinator(run.pk)
            wake_workers(_held_queue(claim))
        return bool(changed)


def turns(queues: list[str]) -> list[Turn]:
    """Return the next waiting candidates of these queues, in the order of `claim`."""
    waiting = Candidate.objects.filter(
        state__in=WAITING_CANDIDATES, queue__in=queues, run__state=RunState.RUNNING
    )
    return turns_of(waiting, "run", "run__priority", ("run_id", "number"))


def _take(run: Run, candidate_id: int, slot: WorkerSlot) -> Claim | None:
    if run.state != RunState.RUNNING:
        return None
    waiting = Q(pk=candidate_id, state__in=WAITING_CANDIDATES, run=run)
    lost = Candidate.objects.filter(waiting).values_list("reason", flat=True).first()
    claimed = Candidate.objects.filter(waiting, may_claim(slot)).update(
        state=CandidateState.RUNNING,
        reason="",
        joules=None,  # of this claim, once it has ended
        curve=[],  # a training that continues reports the epochs of the earlier attempt first
        **claimed_by(slot),
    )
    if not claimed:
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
        proposal=proposal_of(candidate),
        data_digest=run.data_digest,
        weights=weights_place(run).address,
        progress=progress_place(run, candidate.number).address,
        needs=needs_of(candidate.queue),
        lost=lost or "",
    )


def _hand_back(run: Run, candidate: Candidate, reason: str, memory: int | None = None) -> None:
    columns = handed_back(reason, memory)
    Candidate.objects.filter(pk=candidate.pk).update(state=CandidateState.QUEUED, **columns)
    record_candidates(run, [candidate.pk])
    record_log(run, "warning", f"returned: {reason}", candidate.number)
    record_run(run)
    wake_coordinator(run.pk)
    wake_workers([candidate.queue])


def _take_notice(run: Run, candidate: Candidate, notice: Notice) -> None:
    """Store a notice of a training about its checkpoints."""
    columns = notice.columns(candidate)
    if columns:
        Candidate.objects.filter(pk=candidate.pk).update(**columns)
    if notice.curve is not None:
        candidate.curve = notice.curve
        record_curve(run, candidate)
        record_candidates(run, [candidate.pk])
    if notice.text:
        record_log(run, notice.level, notice.text, candidate.number)


def _held(claim: Claim) -> QuerySet[Candidate]:
    """The claimed candidate, if the claim is still valid."""
    return Candidate.objects.filter(
        pk=claim.candidate_id, fence=claim.fence, state=CandidateState.RUNNING
    )


def _held_queue(claim: Claim) -> list[str]:
    return list(Candidate.objects.filter(pk=claim.candidate_id).values_list("queue", flat=True))
