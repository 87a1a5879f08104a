"""Facts that agents report of their devices, and when they were last heard from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models.functions import Now

from webapp.devices.models import Device, Measurement, MeasurementState
from webapp.events.clean import clean_json


def say_hello(device: Device, version: str, facts: dict[str, Any], kept: Iterable[int]) -> None:
    """Store the facts of an agent that starts, and queue again what an earlier process held.

    Args:
        device: The device of the token.
        version: Version of the agent.
        facts: Hardware, system and runtimes.
        kept: Keys of measurements whose answers the agent has kept and will send.
    """
    Device.objects.filter(pk=device.pk).update(agent_version=version, facts=clean_json(facts))
    held = Measurement.objects.filter(device=device, state=MeasurementState.RUNNING)
    held.exclude(pk__in=list(kept)).update(
        state=MeasurementState.QUEUED,
        lease_until=None,
        started_at=None,
        reason="its agent started again; queued again",
    )


def seen(device: Device, clock_mhz: float | None, temperature_c: float | None) -> None:
    """Store that the agent was heard from, with its readings."""
    Device.objects.filter(pk=device.pk).update(
        last_seen=Now(), clock_mhz=clock_mhz, temperature_c=temperature_c
    )
