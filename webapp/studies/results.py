"""A study's ranking, cached and computed again only if it may have changed."""

from __future__ import annotations

import time
from typing import Any

from django.core.cache import cache

from webapp.compare.budget import DEFAULT_UNIT, UNITS
from webapp.runs.models import RunState, Study

from .ranking import ranking

CACHE_SECONDS = 24 * 3600
REST_FACTOR = 5  # after computing, wait this many times as long before computing again
MOVING = (RunState.QUEUED, RunState.RUNNING, RunState.PAUSING, RunState.STOPPING)


def results(study: Study, unit: str = DEFAULT_UNIT) -> dict[str, Any]:
    """Return the ranking at an equal budget in a unit.

    `told` is the number of candidates that it includes.

    While runs are moving, the result may be a few computing times old; once they rest it is
    exact.
    """
    unit = unit if unit in UNITS else DEFAULT_UNIT
    key = f"study-verdict-{study.pk}-{unit}"
    stamp = _stamp(study)
    cached = cache.get(key)
    if cached is not None:
        fresh = cached["stamp"] == stamp
        resting = time.time() - cached["at"] < REST_FACTOR * cached["took"]
        if fresh or (resting and study.runs.filter(state__in=MOVING).exists()):
            return cached["results"]
    began = time.time()
    computed = {**ranking(study, unit), "told": sum(told for _, told, _ in stamp)}
    now = time.time()
    entry = {"stamp": stamp, "at": now, "took": now - began, "results": computed}
    cache.set(key, entry, CACHE_SECONDS)
    return computed


def _stamp(study: Study) -> list[tuple[int, int, str]]:
    """Return the values on which the ranking depends: progress and state of every run."""
    return list(study.runs.order_by("pk").values_list("pk", "told", "state"))
