"""Stopping the runs that a study does not need any more, if its plan asks for that."""

from __future__ import annotations

from webapp.compare.budget import DECIDED
from webapp.runs.models import RunState, Study
from webapp.runs.services import control

from ..deciding import progress_of, to_stop


def stop_decided() -> int:
    """Stop unneeded runs of every study that asked for it; return their number."""
    waiting = (RunState.QUEUED, RunState.RUNNING)
    studies = Study.objects.filter(
        plan__stop_decided=True, runs__told=0, runs__state__in=waiting
    ).distinct()
    stopped = 0
    for study in studies:
        for run in to_stop(study, progress_of(study)):
            try:
                control.stop(run, None, DECIDED)
            except control.ControlRefused:
                continue  # it ended meanwhile
            stopped += 1
    return stopped
