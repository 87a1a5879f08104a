"""Trainings as jobs: what a worker claims, reports and finishes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from nasengine.core.outcome import is_card_too_small
from webapp.evaluations.figures import figures_of, is_test, main_figure
from webapp.evaluations.models import Evaluation, Training
from webapp.events.clean import clean_json
from webapp.jobs import services as jobs
from webapp.jobs.models import JobState
from webapp.jobs.services import Held
from webapp.limits import MAX_CURVE_POINTS
from webapp.runs.models import WorkerSlot
from webapp.runs.services.cards import memory_of, needs_of, too_small
from webapp.runs.services.notices import Notice, is_notice
from webapp.runs.services.slots import add_facts
from webapp.runs.services.turns import Turn

from .networks import attempt_name, evaluation_place, progress_name
from .protocol_keys import store_digest

OWNER = "evaluation"
FIGURE_COLUMNS = ("evaluation", "seed", "state", "measurements")
MAX_VERSION = Training._meta.get_field("code_version").max_length


@dataclass(frozen=True)
class TrainingClaim:
    """A worker's claim on a training, with everything needed to train.

    Attributes:
        held: the claim.
        final: the engine's FinalJob as JSON.
        folder: the name of the place in the evaluation's one for the network of this claim only,
            so that a worker whose claim was lost cannot overwrite the network of another one.
        network: the address of that place.
        progress: the place of the checkpoints of this training, the same for all claims; another
            worker continues from them.
        needs: the device that the training needs, "cuda" or "".
        lost: why an earlier worker lost the training; "" if none did.
    """

    held: Held[Training]
    evaluation_id: int
    seed: int
    final: dict[str, Any]
    folder: str
    network: str
    progress: str
    needs: str = ""
    lost: str = ""


def turns(queues: list[str]) -> list[Turn]:
    """Return the next trainings that wait in these queues."""
    return jobs.turns(Training, queues, OWNER)


def claim_turn(slot: WorkerSlot, turn: Turn) -> TrainingClaim | None:
    """Claim the training of a turn; None if it does not wait any more."""
    lost = Training.objects.filter(pk=turn.pk).values_list("reason", flat=True).first()
    held = jobs.claim(Training, turn.pk, slot)
    if held is None:
        return None
    training = Training.objects.select_related("evaluation").get(pk=turn.pk)
    evaluation = training.evaluation
    place = evaluation_place(evaluation)
    folder = attempt_name(training.seed, held.fence)
    return TrainingClaim(
        held=held,
        evaluation_id=evaluation.pk,
        seed=training.seed,
        final={**evaluation.job, "seed": training.seed},
        folder=folder,
        network=place.within(folder).address,
        progress=place.within(progress_name(training.seed)).address,
        needs=needs_of(training.queue),
        lost=lost or "",
    )


def report(claim: TrainingClaim, point: dict[str, Any]) -> bool:
    """Add an epoch to the learning curve, or take a notice about checkpoints.

    Later epochs of an earlier claim are void: the training has continued at an earlier one.

    Returns:
        False if the claim is no longer valid.
    """
    with transaction.atomic():
        training = claim.held.rows.select_for_update().only("curve", "kept_epochs").first()
        if training is None:
            return False
        if is_notice(point):
            notice = Notice.of_point(point, claim.lost)
            columns = notice.columns(training)
            return not columns or bool(claim.held.rows.update(**columns))
        point = clean_json(point)
        epoch, epochs = point.get("epoch") or 0, point.get("epochs") or 0
        curve = [earlier for earlier in training.curve if (earlier.get("epoch") or 0) < epoch]
        curve = [*curve, point][:MAX_CURVE_POINTS]
        share = epoch / epochs if epochs else 0.0
        activity = f"epoch {epoch} of {epochs}" if epochs else f"epoch {epoch}"
        return jobs.report(claim.held, share, activity, curve=curve, epochs=epoch)


def finish(claim: TrainingClaim, state: str, reason: str, outcome: dict[str, Any]) -> bool:
    """Store how a training ended; return False if the claim is no longer valid.

    A test value that is not finite makes the training diverged. Safe to call twice: the second
    call changes nothing.

    Args:
        claim: the claim of the worker.
        state: "done", "failed", "diverged" or "cancelled".
        reason: why it did not end as done.
        outcome: the engine's FinalOutcome as JSON; {} if the trainer process sent none.
    """
    if is_card_too_small(state, reason):
        training = claim.held.rows.select_related("slot").first()
        if training and (why := too_small(training, training.slot)):
            return jobs.hand_back(claim.held, why, memory_of(training.slot))
    finite = [m for m in outcome.get("measurements", []) if _is_finite(m.get("value"))]
    if state == JobState.DONE and not any(is_test(m["objective"]) for m in finite):
        state, reason = JobState.DIVERGED, reason or "the test value is missing or not finite"
    columns: dict[str, Any] = {"measurements": clean_json(finite)}
    columns |= {n: outcome[n] for n in ("epochs", "seconds") if _is_finite(outcome.get(n))}
    if outcome.get("curve"):
        columns["curve"] = clean_json(outcome["curve"][:MAX_CURVE_POINTS])
    if outcome.get("test_reads"):
        columns["test_read_at"] = Now()
    if state == JobState.DONE:
        columns |= _network_columns(claim, outcome["network"])
    with transaction.atomic():
        evaluation = Evaluation.objects.select_for_update(no_key=True).get(pk=claim.evaluation_id)
        if not jobs.finish(claim.held, JobState(state), reason, **columns):
            return False
        store_digest(evaluation, outcome.get("dataset", {}).get("digest", ""))
        store_figure(evaluation)
    return True


def hand_back(claim: TrainingClaim, reason: str) -> bool:
    """Return the training to its queue, because this worker does not have what it needs."""
    training = claim.held.rows.select_related("slot").first()
    if training is not None and training.slot is not None:
        add_facts(training.slot, {"accelerator": "none"})
    return jobs.hand_back(claim.held, reason)


def store_figure(evaluation: Evaluation) -> None:
    """Store the main figure of an evaluation whose row is locked."""
    figure = main_figure(figures_of(evaluation.trainings.only(*FIGURE_COLUMNS)))
    if figure is not None:
        evaluation.objective, evaluation.unit = figure.objective, figure.unit
        evaluation.mean, evaluation.spread = figure.mean, figure.spread
        evaluation.save(update_fields=["objective", "unit", "mean", "spread"])


def _network_columns(claim: TrainingClaim, network: dict[str, Any]) -> dict[str, Any]:
    weights = network["weights"]
    facts = {name: weights[name] for name in ("sha256", "bytes", "parameters")}
    return {
        "network": {"folder": claim.folder, **facts},
        "code_version": str(network.get("code_version", ""))[:MAX_VERSION],
    }


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
