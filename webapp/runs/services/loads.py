"""Storing the load of workers while they work for a run: bounded, whatever the run's length."""

from __future__ import annotations

import time
from dataclasses import astuple, dataclass

from django.db import transaction

from webapp.runs.models import Run, RunLoad

MAX_SAMPLES = 600  # of one worker in one run; then every other one is dropped
FIRST_SECONDS = 5.0


@dataclass(frozen=True)
class Sample:
    """Load at one moment; a value that cannot be read is None.

    Attributes:
        cpu_percent: processor time of the training and its children; 100 is one core.
        memory_bytes: their memory.
        gpu_percent: load of the worker's cards.
        gpu_memory_bytes: used memory of the cards, of all processes.
        gpu_watts: their power.
    """

    cpu_percent: float
    memory_bytes: int
    gpu_percent: float | None = None
    gpu_memory_bytes: float | None = None
    gpu_watts: float | None = None


def record_load(run_id: int, worker: str, sample: Sample, at: float | None = None) -> float:
    """Store a sample unless the last one is too recent.

    Args:
        run_id: the run that the worker works for.
        worker: its name.
        sample: the load.
        at: Unix time; by default now.

    Returns:
        Seconds between two samples from now on.
    """
    now = time.time() if at is None else at
    with transaction.atomic():
        if not Run.objects.filter(pk=run_id).exists():
            return FIRST_SECONDS
        RunLoad.objects.get_or_create(
            run_id=run_id, worker=worker, defaults={"every_seconds": FIRST_SECONDS}
        )
        row = RunLoad.objects.select_for_update().get(run_id=run_id, worker=worker)
        # Heartbeats are not exact: one that is a little early counts.
        if row.samples and now - row.samples[-1][0] < 0.9 * row.every_seconds:
            return row.every_seconds
        row.samples.append([round(now, 1), *astuple(sample)])
        if len(row.samples) > MAX_SAMPLES:
            row.samples, row.every_seconds = row.samples[::2], 2 * row.every_seconds
        row.save(update_fields=["samples", "every_seconds"])
        return row.every_seconds
