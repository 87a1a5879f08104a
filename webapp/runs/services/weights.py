"""Where trainers keep a run's weights, and which of them nobody needs any more.

Children of estimators that inherit begin with them, so a run needs them for as long as it
may go on: until it has ended and nobody will raise its budget.
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

NAME = re.compile(r"(\d{1,18})-[0-9a-f]{8}")


def weights_folder(run: Run) -> Path:
    """The run's folder on the machine that asks.

    Its name holds when the run was made: run 3 of another database, or of one that was put
    back to an earlier state, is another run.
    """
    made = hashlib.sha256(run.created_at.isoformat().encode()).hexdigest()
    return settings.PARETOSCOPE_WEIGHTS / f"{run.pk}-{made[:8]}"


def sweep_weights() -> int:
    """Deletes the weights of runs that ended long ago or are gone; returns of how many.

    A folder of no run here may be of one in another database. It is left alone while
    somebody writes to it: for as long as one candidate may take.
    """
    folders = _folders()
    runs = Run.objects.filter(pk__in=[_number(path) for path in folders]).only("created_at")
    known = {weights_folder(run).name for run in runs}
    ended_before = Now() - timedelta(days=settings.WEIGHTS_DAYS)
    over = runs.filter(state__in=ENDED_RUNS, ended_at__lt=ended_before)
    needless = {weights_folder(run).name for run in over}
    needless |= {path.name for path in folders if path.name not in known and _still(path)}
    for path in folders:
        if path.name in needless:
            shutil.rmtree(path, ignore_errors=True)
    return len(needless)


def _folders() -> list[Path]:
    if not settings.PARETOSCOPE_WEIGHTS.is_dir():
        return []
    found = settings.PARETOSCOPE_WEIGHTS.iterdir()
    return [path for path in found if NAME.fullmatch(path.name) and path.is_dir()]


def _number(path: Path) -> int:
    return int(path.name.partition("-")[0])


def _still(path: Path) -> bool:
    """Whether nothing was written there for long; a folder that is just deleted is not."""
    try:
        changed = path.stat().st_mtime
    except OSError:
        return False
    return time.time() - changed > settings.CANDIDATE_SECONDS
