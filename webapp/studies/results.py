"""A study's ranking, computed anew only when it may have changed and not all the time."""

from __future__ import annotations

import time
from typing import Any

from django.core.cache import cache

from webapp.runs.models import Study

from .ranking import ranking

KEPT_SECONDS = 24 * 3600
RESTS = 5  # computing takes at most one part in so many of a process's time


def results(study: Study) -> dict[str, Any]:
    """The ranking with `told`, how many candidates it knows of.

    What is shown may lag behind the runs while they move, by some times what computing
    takes; once they rest it is exact.
    """
    key = f"study-results-{study.pk}"
    stamp = _stamp(study)
    kept = cache.get(key)
    if kept is not None:
        fresh = kept["stamp"] == stamp
        resting = time.time() - kept["at"] < RESTS * kept["took"]
        if fresh or (resting and _moves(study)):
            return kept["results"]
    began = time.time()
    found = {**ranking(study), "told": sum(told for _, told, _ in stamp)}
    now = time.time()
    cache.set(key, {"stamp": stamp, "at": now, "took": now - began, "results": found}, KEPT_SECONDS)
    return found


def _stamp(study: Study) -> list[tuple[int, int, str]]:
    return list(study.runs.order_by("pk").values_list("pk", "told", "state"))


def _moves(study: Study) -> bool:
    return study.runs.filter(state__in=("queued", "running", "pausing", "stopping")).exists()
