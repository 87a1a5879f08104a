"""Steering a study: pause, resume or stop every run that allows it."""

from __future__ import annotations

from typing import Any

from webapp.runs.models import Study
from webapp.runs.services import control

BULK_ACTIONS = ("pause", "resume", "stop")


def steer(study: Study, action: str, user: Any) -> int:
    """Does `action`, one of BULK_ACTIONS, to every run of the study whose state allows it.

    Returns how many there were. Each run is its own transaction: one that ends in the
    meantime stops nobody.
    """
    changed = 0
    for run in study.runs.filter(state__in=control.ALLOWED_IN[action]).order_by("pk"):
        try:
            getattr(control, action)(run, user)
        except control.ControlRefused:
            continue
        changed += 1
    return changed
