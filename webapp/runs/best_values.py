"""The best value of each run by its own first objective, for lists of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from .models import FINITE, Candidate, Measurement, Run
from .numbers import value_text

FEASIBLE = Q(candidate__violation__isnull=True) | Q(candidate__violation=0)
NOT_MEASURED = "no candidate is measured yet"
NOT_FEASIBLE = "no candidate meets the constraints"


@dataclass(frozen=True)
class Best:
    """The best value of a run's first objective; `reason` is why there is none."""

    objective: str
    value: float | None = None
    text: str = ""
    title: str = ""
    reason: str = NOT_MEASURED


def best_values(runs: Sequence[Run]) -> dict[int, Best]:
    """Return the best value of each run by its key: two queries.

    It is the value of the run's best candidate, unless that violates a constraint.
    """
    objectives = {run.pk: run.spec["objectives"][0] for run in runs}
    best = {pk: Best(name) for pk, name in objectives.items()}
    # Keys are read first, one by one from an index: in a single query, or joined with their runs,
    # the database may read every candidate or measurement of a long run.
    pairs = [Q(run=run.pk, number=run.best) for run in runs if run.best is not None]
    if not pairs:
        return best
    candidates = Candidate.objects.filter(reduce(or_, pairs))
    keys = list(candidates.order_by().values_list("pk", flat=True))
    measured = Measurement.objects.filter(FINITE, candidate__in=keys).order_by()
    rows = measured.values_list(
        "candidate__run", "candidate__number", "candidate__violation", "objective", "value", "unit"
    )
    for pk, number, violation, name, value, unit in rows:
        if name != objectives[pk]:
            continue
        if violation:
            best[pk] = Best(name, reason=NOT_FEASIBLE)
        else:
            title = f"candidate {number}: {name} {value!r} {unit}".strip()
            best[pk] = Best(name, value, value_text(name, value, unit), title, "")
    return best


def with_best_value(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Annotate `first_objective` and `best_value`, to sort by."""
    named = runs.annotate(first_objective=KeyTextTransform("0", KeyTransform("objectives", "spec")))
    own = _of_best_candidates().filter(
        FEASIBLE, candidate__run=OuterRef("pk"), objective=OuterRef("first_objective")
    )
    return named.annotate(best_value=Subquery(own.order_by().values("value")[:1]))


def _of_best_candidates() -> QuerySet[Measurement]:
    return Measurement.objects.filter(FINITE, candidate__number=F("candidate__run__best"))
