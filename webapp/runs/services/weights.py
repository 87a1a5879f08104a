"""Folders for the weights of a run's candidates, and the removal of old ones.

Estimators with weight inheritance initialise a child from its parent's weights. A run therefore
needs them until it has ended and its budget will not be raised any more.
"""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models.functions import Now

from webapp.common.folders import ABANDONED_SECONDS, folder_name, folders_in, is_idle, key_of
from webapp.runs.models import ENDED_RUNS, Run


def weights_folder(run: Run) -> Path:
    """Return the run's folder on this machine."""
    return settings.PARETOSCOPE_WEIGHTS / folder_name(run.pk, run.created_at)


def sweep_weights() -> int:
    """Delete the weights of runs that ended long ago or do not exist; return the number of runs.

    A folder without a run may belong to another database. It is deleted only if nothing was
    written to it for a week.
    """
    folders = folders_in(settings.PARETOSCOPE_WEIGHTS)
    runs = Run.objects.filter(pk__in=[key_of(path) for path in folders]).only("created_at")
    existing = {weights_folder(run).name for run in runs}
    ended_before = Now() - timedelta(days=settings.WEIGHTS_DAYS)
    expired = runs.filter(state__in=ENDED_RUNS, ended_at__lt=ended_before)
    unused = {weights_folder(run).name for run in expired}
    unused |= {
        path.name
        for path in folders
        if path.name not in existing and is_idle(path, ABANDONED_SECONDS)
    }
    for path in folders:
        if path.name in unused:
            shutil.rmtree(path, ignore_errors=True)
    return len(unused)
