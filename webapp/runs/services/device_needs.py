"""Measurements of devices that no open candidate needs any more."""

from __future__ import annotations

from webapp.devices.models import Measurement
from webapp.devices.services import measuring
from webapp.runs.models import OPEN_CANDIDATES, Run


def cancel_unneeded(run: Run, reason: str) -> None:
    """Cancel the open measurements of a run's candidates that no open candidate waits for."""
    asked = Measurement.objects.filter(waits__candidate__run=run)
    needed = Measurement.objects.filter(waits__candidate__state__in=OPEN_CANDIDATES)
    unneeded = asked.exclude(pk__in=needed.values("pk")).values("pk")
    measuring.cancel(Measurement.objects.filter(pk__in=unneeded), reason)
