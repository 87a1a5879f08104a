"""Runs that can go on, whether a message announced them or not."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, Q

from nasengine.core.search_spec import LIMITS
from webapp.runs.models import Candidate, Run, RunState

from .parts import ended_part


def runs_to_advance() -> list[int]:
    """Return the keys of runs that can go on: to tell, to ask or to change state."""
    mine = Candidate.objects.filter(run=OuterRef("pk"))
    untold = mine.filter(told=False, ended_order__isnull=False)
    parts = mine.filter(ended_part())
    changing = Q(state__in=[RunState.QUEUED, RunState.PAUSING, RunState.STOPPING])
    moving = Q(state__in=[RunState.RUNNING, RunState.PAUSED])
    can_ask = Q(asked=F("told")) | Q(retries_waiting__len__gt=0)
    can_ask |= Q(spec__has_any_keys=LIMITS)  # time passes without an event
    runs = Run.objects.filter(changing | (moving & (Exists(untold) | Exists(parts) | can_ask)))
    return list(runs.order_by("pk").values_list("pk", flat=True))
