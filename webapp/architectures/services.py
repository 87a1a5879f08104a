"""Keeping architectures in a team's catalogue."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from webapp.runs.models import Candidate, CandidateState

from .models import CatalogueEntry

MAX_NAME = 120


class KeepRefused(ValueError):
    """The candidate cannot be kept, or not under that name; the text says why."""


def keep(candidate: Candidate, user: Any, name: str = "") -> CatalogueEntry:
    """Makes a catalogue entry of a measured candidate; one that is kept already stays.

    Raises:
        KeepRefused: the candidate is not measured, or the name is too long.
    """
    run = candidate.run
    if candidate.state != CandidateState.DONE:
        raise KeepRefused(f"#{candidate.number} is {candidate.state}: only a measured one is kept")
    if len(name) > MAX_NAME:
        raise KeepRefused(f"the name has {len(name):,} characters; at most {MAX_NAME}")
    columns = ("objective", "value", "unit", "device", "method", "repetitions", "spread", "detail")
    with transaction.atomic():
        entry, _ = CatalogueEntry.objects.get_or_create(
            team=run.team,
            architecture_id=candidate.architecture_id,
            defaults={
                "name": name or f"{run.name[:100]} #{candidate.number}",
                "architecture": candidate.proposal["architecture"],
                "candidate": candidate,
                "source": {"run": run.pk, "run_name": run.name, "number": candidate.number},
                "measurements": list(candidate.measurements.values(*columns)),
                "kept_by": user,
            },
        )
    return entry
