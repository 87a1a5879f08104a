"""Measurements as work of device agents: request, claim, extend, finish, reap.

As for candidates, a claim is one conditional UPDATE with a lease in database time and a fencing
token. An agent may send its answer any number of times: only the first one counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from webapp.devices.models import OPEN_MEASUREMENTS, Device, Measurement, MeasurementState
from webapp.events.clean import clean_json, clean_text
from webapp.limits import MAX_REASON

# Longer than the agent's interval between two renewals, and than a restart of the server.
LEASE = timedelta(seconds=120)
MAX_SAMPLES = 1000
Answer = Literal["accepted", "repeated", "refused"]


@dataclass(frozen=True)
class Subject:
    """The network that is measured.

    Attributes:
        network: Key of the network with its input, from the engine's `network_key`.
        architecture: The engine's Architecture as JSON.
        architecture_id: Its id.
        input_shape: c x h x w of an image, or (1,) for a word.
        classes: Number of outputs.
        onnx: Name of the ONNX file in the place of device networks.
        onnx_sha256: Digest of the file.
        onnx_bytes: Size of the file.
    """

    network: str
    architecture: Mapping[str, Any]
    architecture_id: str
    input_shape: tuple[int, ...]
    classes: int
    onnx: str
    onnx_sha256: str
    onnx_bytes: int


def request(device: Device, subject: Subject, objective: str, batch: int = 1) -> Measurement:
    """Return the measurement of a network: a finished or open one if there is one, else a new one.

    Args:
        device: The device.
        subject: The network.
        objective: Kind of cost without the device, such as "latency".
        batch: Inputs per pass.
    """
    what = {"device": device, "network": subject.network, "objective": objective, "batch": batch}
    done = Measurement.objects.filter(**what, state=MeasurementState.DONE)
    if found := done.order_by("-ended_at").first():
        return found
    return request_again(device, subject, objective, batch)


def request_again(device: Device, subject: Subject, objective: str, batch: int = 1) -> Measurement:
    """Return an open measurement, even if the network was measured before."""
    what = {"device": device, "network": subject.network, "objective": objective, "batch": batch}
    values = {
        "architecture": dict(subject.architecture),
        "architecture_id": subject.architecture_id,
        "input_shape": list(subject.input_shape),
        "classes": subject.classes,
        "onnx": subject.onnx,
        "onnx_sha256": subject.onnx_sha256,
        "onnx_bytes": subject.onnx_bytes,
    }
    rows = Measurement.objects.filter(state__in=OPEN_MEASUREMENTS)
    made, _ = rows.get_or_create(**what, defaults=values)
    return made


def claim(device: Device) -> Measurement | None:
    """Claim the oldest waiting measurement of the device; None if there is none."""
    waiting = Measurement.objects.filter(device=device, state=MeasurementState.QUEUED)
    with transaction.atomic():
        found = waiting.select_for_update(skip_locked=True).order_by("queued_at", "pk").first()
        if found is None:
            return None
        Measurement.objects.filter(pk=found.pk).update(
            state=MeasurementState.RUNNING,
            reason="",
            lease_until=Now() + LEASE,
            fence=F("fence") + 1,
            attempts=F("attempts") + 1,
            started_at=Now(),
        )
    found.refresh_from_db()
    return found


def extend(measurement: Measurement, fence: int) -> bool:
    """Extend the lease; return False if the claim is no longer valid."""
    return bool(_held(measurement, fence).update(lease_until=Now() + LEASE))


def finish(measurement: Measurement, fence: int, result: Mapping[str, Any]) -> Answer:
    """Store the result of a claim.

    Args:
        measurement: The measurement of the claim.
        fence: Its fencing token.
        result: Values of the columns from `value` to `conditions`.

    Returns:
        "accepted"; "repeated" if this claim's result is stored already, so that the agent stops
        sending it; "refused" if another claim has replaced this one.
    """
    if not math.isfinite(result["value"]):
        return fail(measurement, fence, "the agent measured a value that is not finite")
    columns = {"samples": [], "layers": [], "conditions": {}, **result}
    columns["samples"] = columns["samples"][:MAX_SAMPLES]
    columns = clean_json(columns)
    return _end(measurement, fence, {"state": MeasurementState.DONE, "reason": "", **columns})


def fail(measurement: Measurement, fence: int, reason: str) -> Answer:
    """Store that the device cannot measure the network; see `finish` for the answer."""
    text = clean_text(reason)[:MAX_REASON] or "the agent gave no reason"
    return _end(measurement, fence, {"state": MeasurementState.FAILED, "reason": text})


def release(measurement: Measurement, fence: int) -> bool:
    """Return the work to the queue: its agent stops; the claim does not count as an attempt."""
    return bool(
        _held(measurement, fence).update(
            state=MeasurementState.QUEUED,
            lease_until=None,
            started_at=None,
            attempts=F("attempts") - 1,
        )
    )


def reap() -> list[Measurement]:
    """Queue measurements again whose lease is over; return those that failed for good."""
    expired = Measurement.objects.filter(state=MeasurementState.RUNNING, lease_until__lt=Now())
    failed = []
    for row in expired.select_related("device").order_by("pk"):
        same = expired.filter(pk=row.pk, fence=row.fence)
        if row.attempts < settings.MAX_ATTEMPTS:
            text = "its agent stopped answering; queued again"
            same.update(state=MeasurementState.QUEUED, lease_until=None, reason=text)
            continue
        text = f"the agent of {row.device.name} was lost {row.attempts} times while measuring it"
        if same.update(
            state=MeasurementState.FAILED, lease_until=None, reason=text, ended_at=Now()
        ):
            failed.append(row)
    return failed


def cancel(measurements: Any, reason: str) -> int:
    """Cancel the open measurements of a queryset; a late answer of an agent is refused."""
    rows = measurements.filter(state__in=OPEN_MEASUREMENTS)
    return int(
        rows.update(
            state=MeasurementState.CANCELLED,
            reason=clean_text(reason)[:MAX_REASON],
            lease_until=None,
            fence=F("fence") + 1,
            ended_at=Now(),
        )
    )


def _end(measurement: Measurement, fence: int, columns: dict[str, Any]) -> Answer:
    held = _held(measurement, fence)
    if held.update(lease_until=None, ended_at=Now(), **columns):
        return "accepted"
    ended = (MeasurementState.DONE, MeasurementState.FAILED)
    same = Measurement.objects.filter(pk=measurement.pk, fence=fence, state__in=ended)
    return "repeated" if same.exists() else "refused"


def _held(measurement: Measurement, fence: int) -> Any:
    return Measurement.objects.filter(
        pk=measurement.pk, fence=fence, state=MeasurementState.RUNNING
    )
