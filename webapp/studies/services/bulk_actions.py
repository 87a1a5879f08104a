"""Bulk actions of a study: pause, resume or stop all of its runs."""

from __future__ import annotations

from webapp.accounts.models import User
from webapp.runs.models import Study
from webapp.runs.services import control

BULK_ACTIONS = ("pause", "resume", "stop")


def apply_bulk_action(study: Study, action: str, user: User | None) -> int:
    """Apply one of BULK_ACTIONS to every run of the study whose state allows it.

    Each run is changed in its own transaction; a run that ends meanwhile is skipped.

    Returns:
        The number of runs changed.
    """
    changed = 0
    for run in study.runs.filter(state__in=control.ALLOWED_IN[action]).order_by("pk"):
        try:
            getattr(control, action)(run, user)
        except control.ControlRefused:
            continue
        changed += 1
    return changed
