"""Folders for the weights of a run's candidates, and the removal of old ones.

Estimators with weight inheritance initialise a child from its parent's weights. A run therefore
needs them until it has ended and its budget will not be raised any more.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models.functions import Now

from webapp.runs.models import ENDED_RUNS, Run

FOLDER_NAME = re.compile(r"(\d{1,18})-[0-9a-f]{8}")


def weights_folder(run: Run) -> Path:
    """Return the run's folder on this machine.

    Its name includes the run's time of creation, because run 3 of another database, or of a
    restored one, is another run.
    """
    created = hashlib.sha256(run.created_at.isoformat().encode()).hexdigest()
    return settings.PARETOSCOPE_WEIGHTS / f"{run.pk}-{created[:8]}"


def sweep_weights() -> int:
    """Delete the weights of runs that ended long ago or do not exist; return the number of runs.

    A folder without a run may belong to another database. It is deleted only if nothing was
    written to it for as long as one candidate may take.
    """
    folders = _folders()
    runs = Run.objects.filter(pk__in=[_run_key(path) for path in folders]).only("created_at")
    existing = {weights_folder(run).name for run in runs}
    ended_before = Now() - timedelta(days=settings.WEIGHTS_DAYS)
    expired = runs.filter(state__in=ENDED_RUNS, ended_at__lt=ended_before)
    unused = {weights_folder(run).name for run in expired}
    unused |= {path.name for path in folders if path.name not in existing and _is_idle(path)}
    for path in folders:
        if path.name in unused:
            shutil.rmtree(path, ignore_errors=True)
    return len(unused)


def _folders() -> list[Path]:
    if not settings.PARETOSCOPE_WEIGHTS.is_dir():
        return []
    paths = settings.PARETOSCOPE_WEIGHTS.iterdir()
    return [path for path in paths if FOLDER_NAME.fullmatch(path.name) and path.is_dir()]


def _run_key(path: Path) -> int:
    return int(path.name.partition("-")[0])


def _is_idle(path: Path) -> bool:
    """Whether nothing was written there for long; False for a folder that was just deleted."""
    try:
        changed = path.stat().st_mtime
    except OSError:
        return False
    return time.time() - changed > settings.CANDIDATE_SECONDS
