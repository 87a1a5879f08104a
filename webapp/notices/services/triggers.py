"""Triggers of notices: events of runs, and entries that are proposed.

Signals call these in the transaction of the change, so nothing is announced that did not happen.
"""

from __future__ import annotations

import time
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save

from webapp.architectures.models import WAITING, CatalogueEntry
from webapp.events.recorder import recorded
from webapp.notices.models import Kind
from webapp.runs.models import Run, RunState

from .events import of_run, publish

FRONT_SECONDS = 600  # at most one notice of a run's front in so long
ENDED_WELL = (RunState.FINISHED, RunState.STOPPED)
_stored: dict[int, int] = {}  # run -> the period for which an improvement is stored already


def connect() -> None:
    """Connect the signals; called once, when the application is loaded."""
    recorded.connect(_event, dispatch_uid="notices of events")
    post_save.connect(_entry, sender=CatalogueEntry, dispatch_uid="notices of entries")


def _event(run: Run, kind: str, items: list[dict[str, Any]], **_: Any) -> None:
    if kind == "run" and run.ended_at is not None:
        _ended(run)
    elif kind == "front" and any(item.get("point") for item in items):
        _improved(run, items[-1])


def _ended(run: Run) -> None:
    once = str(run.ended_at)
    if run.state == RunState.FAILED:
        of_run(run, Kind.RUN_FAILED, once, f"failed: {run.reason or 'no reason is known'}")
    elif run.state in ENDED_WELL:
        text = f"{run.state} after {run.told} candidates"
        of_run(run, Kind.RUN_FINISHED, once, text)


def _improved(run: Run, item: dict[str, Any]) -> None:
    """Store the first improvement of each period; most of a search improves its front."""
    period = int(time.time() // FRONT_SECONDS)
    if _stored.get(run.pk) == period:
        return
    size, point = len(item.get("numbers", [])), item["point"] or {}
    text = f"the front improved: {size} members after {point.get('told', run.told)} candidates"
    of_run(run, Kind.FRONT_IMPROVED, str(period), text)
    transaction.on_commit(lambda: _remember(run.pk, period))


def _remember(run_id: int, period: int) -> None:
    if len(_stored) > 1000:
        _stored.clear()
    _stored[run_id] = period


def _entry(instance: CatalogueEntry, created: bool, update_fields: Any, **_: Any) -> None:
    moved = created or "stage" in (update_fields or ())
    if moved and instance.stage in WAITING:
        once = instance.decided_at if instance.decided_at and not created else "kept"
        publish(
            f"{Kind.ENTRY_REVIEW}:{instance.pk}:{once}",
            Kind.ENTRY_REVIEW,
            f"{instance.name} awaits review",
            f"/architectures/{instance.pk}/",
            team_id=instance.team_id,
            person_id=instance.proposed_by_id,
        )
