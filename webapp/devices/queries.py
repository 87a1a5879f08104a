"""Reading devices: which are away, and their measurements."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now

from webapp.accounts.models import Team

from .models import OPEN_MEASUREMENTS, Device, MeasurementState

# An agent asks for work or extends its lease at least every 30 s.
AWAY_AFTER = timedelta(seconds=90)


def online() -> Q:
    """Return the condition of devices whose agent was heard from lately."""
    return Q(last_seen__gt=Now() - AWAY_AFTER)


def away_names(names: Iterable[str]) -> set[str]:
    """Return those of the names for which no device with an agent is online."""
    names = set(names)
    if not names:
        return set()
    here = Device.objects.filter(online(), name__in=names)
    return names - set(here.values_list("name", flat=True))


def is_away(device: Device) -> bool:
    """Return whether the agent of a device was not heard from lately."""
    return not Device.objects.filter(online(), pk=device.pk).exists()


def devices_of(team: Team) -> QuerySet[Device]:
    """Return the team's devices with how much is `open` and how much `done`."""
    rows = Device.objects.filter(team=team).annotate(
        open=Count("measurements", filter=Q(measurements__state__in=OPEN_MEASUREMENTS)),
        done=Count("measurements", filter=Q(measurements__state=MeasurementState.DONE)),
    )
    return rows.order_by("name")


def online_keys(team: Team) -> set[int]:
    """Return the keys of the team's devices that are online."""
    return set(Device.objects.filter(online(), team=team).values_list("pk", flat=True))
