"""Runs that can go on, whether a message announced them or not."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, Q

from webapp.runs.models import Candidate, Run, RunState


def runs_to_advance() -> list[int]:
    """Return the keys of runs that can go on: to tell, to ask or to change state."""
    untold = Candidate.objects.filter(run=OuterRef("pk"), told=False, ended_order__isnull=False)
    changing = Q(state__in=[RunState.QUEUED, RunState.PAUSING, RunState.STOPPING])
    moving = Q(state__in=[RunState.RUNNING, RunState.PAUSED])
    runs = Run.objects.filter(changing | (moving & (Exists(untold) | Q(asked=F("told")))))
    return list(runs.order_by("pk").values_list("pk", flat=True))
