"""Places for the weights and checkpoints of a run's candidates, and the removal of old ones.

Estimators with weight inheritance initialise a child from its parent's weights. A run therefore
needs them until it has ended and its budget will not be raised any more. The checkpoints of an
unfinished training are next to them and are removed when its candidate ends.
"""

from __future__ import annotations

import re
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from nasengine.core.storage import Storage, storage_at
from webapp.common.folders import folder_name, is_abandoned, key_of, places_in
from webapp.runs.models import ENDED_RUNS, OPEN_CANDIDATES, Candidate, Run

PROGRESS = re.compile(r"progress-(\d{1,9})")


def weights_place(run: Run) -> Storage:
    """Return the place of the weights of a run's candidates."""
    root = storage_at(settings.PARETOSCOPE_WEIGHTS)
    return root.within(folder_name(run.pk, run.created_at))


def progress_place(run: Run, number: int) -> Storage:
    """Return the place of the checkpoints of a candidate's training."""
    return weights_place(run).within(f"progress-{number}")


def sweep_weights() -> int:
    """Delete the weights of runs that ended long ago or do not exist; return the number of runs.

    A place without a run may belong to another database. It is deleted only if nothing was
    written to it for a week. Checkpoints of candidates that have ended are deleted too.
    """
    root = storage_at(settings.PARETOSCOPE_WEIGHTS)
    names = places_in(root)
    runs = Run.objects.filter(pk__in=[key_of(name) for name in names]).only("created_at")
    existing = {folder_name(run.pk, run.created_at): run for run in runs}
    ended_before = Now() - timedelta(days=settings.WEIGHTS_DAYS)
    expired = set(runs.filter(state__in=ENDED_RUNS, ended_at__lt=ended_before))
    unused = 0
    for name in names:
        place = root.within(name)
        run = existing.get(name)
        if run in expired or (run is None and is_abandoned(place)):
            place.clear()
            unused += 1
        elif run is not None:
            _remove_ended(run, place)
    return unused


def _remove_ended(run: Run, place: Storage) -> None:
    """Remove the checkpoints of candidates that are not open any more."""
    found = [match for match in map(PROGRESS.fullmatch, place.places()) if match]
    if not found:
        return
    numbers = [int(match[1]) for match in found]
    rows = Candidate.objects.filter(run=run, number__in=numbers, state__in=OPEN_CANDIDATES)
    still_open = set(rows.values_list("number", flat=True))
    for match in found:
        if int(match[1]) not in still_open:
            place.within(match[0]).clear()
