"""The load of the workers of a run over time, for the tab Timeline."""

from __future__ import annotations

from typing import Any

from django.db.models import Min

from .models import Run

MEASURES = ("cpu_percent", "memory_bytes", "gpu_percent", "gpu_memory_bytes", "gpu_watts")
MAX_WORKERS = 24


def loads_of(run: Run) -> dict[str, Any]:
    """Return the samples of each worker as columns; times are seconds as in the timeline."""
    first = run.candidates.filter(slot__isnull=False).aggregate(first=Min("started_at"))["first"]
    rows = list(run.loads.order_by("worker"))
    origin = first.timestamp() if first else min((r.samples[0][0] for r in rows), default=0.0)
    workers = []
    for row in rows[:MAX_WORKERS]:
        columns = list(zip(*row.samples, strict=True)) or [()] * (1 + len(MEASURES))
        times, *values = columns
        workers.append(
            {
                "name": row.worker,
                "every_seconds": row.every_seconds,
                "seconds": [round(at - origin, 1) for at in times],
                **dict(zip(MEASURES, map(list, values), strict=True)),
            }
        )
    return {"workers": workers, "left_out": max(0, len(rows) - MAX_WORKERS)}
