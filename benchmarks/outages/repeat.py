"""Repeat stored trainings in this process: the same settings and seed give the same values."""

from __future__ import annotations

import random

from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.execution.evaluation import evaluate
from webapp.runs.models import Candidate


def differing(runs: list[int], count: int, seed: int) -> tuple[int, list[str]]:
    """Evaluate a random sample of done candidates again.

    Returns:
        How many were repeated, and a sentence for each whose values differ.
    """
    keys = list(Candidate.objects.filter(run__in=runs, state="done").values_list("pk", flat=True))
    sample = random.Random(seed).sample(sorted(keys), min(count, len(keys)))
    rows = Candidate.objects.filter(pk__in=sample).select_related("run")
    wrong = [text for row in rows.order_by("pk") if (text := _difference(row))]
    return len(sample), wrong


def _difference(row: Candidate) -> str:
    stored = {m.objective: m.value for m in row.measurements.all()}
    spec = SearchSpec.from_json(row.run.spec)
    outcome = evaluate(spec, Proposal.from_json(row.proposal), lambda point: None, lambda: False)
    if outcome.values == stored:
        return ""
    return f"{row} has {stored}, repeated {outcome.values}"
