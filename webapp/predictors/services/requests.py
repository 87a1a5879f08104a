"""Requests for the predictors of a device: measure ten networks, measure more, fit again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction

from nasengine.predictors.few_shot.description import COSTS
from webapp.accounts.models import User
from webapp.accounts.services import audit
from webapp.devices.models import Device, Predictor
from webapp.devices.predicted import PARTS, key_of
from webapp.jobs import services as jobs
from webapp.jobs.models import OPEN_JOBS

from ..models import PredictorJob, Step
from .inputs import inputs_of

QUEUE = "cpu"
MAX_NEXT = 20
ID = re.compile(r"[0-9a-f]{64}")


class RequestRefused(Exception):
    """The request makes no sense now; the text says why."""


def measure_ten(
    device: Device, user: User | None, spec: Mapping[str, Any], costs: Sequence[str]
) -> PredictorJob:
    """Request that ten networks of a space are chosen and measured on a device.

    Args:
        device: The device.
        user: Who requests it.
        spec: Settings (JSON) of a run of the team on that space and data.
        costs: Kinds of costs to measure, such as "latency".

    Raises:
        RequestRefused: a cost cannot be predicted, or a job is open.
    """
    wrong = [cost for cost in costs if cost not in COSTS]
    if wrong or not costs:
        named = f"{wrong[0][:20]!r}" if wrong else "none"
        raise RequestRefused(f"Costs that can be predicted are {', '.join(COSTS)} (got {named})")
    parts = {part: spec.get(part) or ({} if part.endswith("_config") else "") for part in PARTS}
    with transaction.atomic():
        predictor, _ = Predictor.objects.get_or_create(
            device=device, key=key_of(spec), defaults={**parts, "created_by": user}
        )
        predictor.costs = [cost for cost in COSTS if cost in {*predictor.costs, *costs}]
        predictor.save(update_fields=["costs"])
        job = request_job(predictor, user, Step.CHOOSE)
    _record(predictor, user, f"asked {device} to measure ten networks of {predictor.space}")
    return job


def measure_next(predictor: Predictor, user: User | None, networks: Sequence[str]) -> PredictorJob:
    """Request that more networks are measured, after which the predictor is fitted again.

    Args:
        predictor: The predictor.
        user: Who requests it.
        networks: Ids of architectures of the runs.

    Raises:
        RequestRefused: there are none or too many, or a job is open.
    """
    chosen = list(dict.fromkeys(networks))
    if not 0 < len(chosen) <= MAX_NEXT:
        raise RequestRefused(f"Choose 1 to {MAX_NEXT} networks (got {len(chosen)})")
    if wrong := [identity for identity in chosen if not ID.fullmatch(identity)]:
        raise RequestRefused(f"{wrong[0][:20]!r} is no id of an architecture: 64 hex digits")
    job = request_job(predictor, user, Step.MEASURE, chosen)
    _record(predictor, user, f"asked {predictor.device} to measure {len(chosen)} networks")
    return job


def request_job(
    predictor: Predictor, user: User | None, step: Step, networks: Sequence[str] = ()
) -> PredictorJob:
    """Store a job and wake the workers.

    Raises:
        RequestRefused: a job of the predictor is open.
    """
    refused = f"A job of the {predictor} is open: wait for it or cancel it"
    if predictor.jobs.filter(state__in=OPEN_JOBS).exists():
        raise RequestRefused(refused)
    try:
        with transaction.atomic():
            job = PredictorJob.objects.create(
                team=predictor.device.team,
                predictor=predictor,
                step=step,
                networks=list(networks),
                inputs=inputs_of(predictor) if step == Step.FIT else {},
                requested_by=user,
                queue=QUEUE,
            )
            jobs.announce([QUEUE])
    except IntegrityError:  # another request was quicker
        raise RequestRefused(refused) from None
    return job


def cancel(predictor: Predictor, user: User | None) -> None:
    """Cancel the open job of a predictor; measurements that were requested stay.

    Raises:
        RequestRefused: no job is open.
    """
    by = user.get_username() if user is not None else "the command line"
    if not jobs.cancel(predictor.jobs.filter(state__in=OPEN_JOBS), f"cancelled by {by}"):
        raise RequestRefused("There is nothing to cancel: the job has ended.")
    _record(predictor, user, f"cancelled the job of the {predictor}")


def _record(predictor: Predictor, user: User | None, text: str) -> None:
    device = predictor.device
    who = "" if user is not None else "the command line"
    audit.record(
        "control", text, user=user, who=who, team=device.team, link=f"/devices/{device.pk}/"
    )
