"""Predicted costs of a run's candidates on the team's devices, next to what the run measured.

The objectives that the run stored stay as they are. A device that the run itself has as an
objective is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from django.db.models import F, FloatField, OuterRef, QuerySet, Subquery

from nasengine import catalog
from webapp.common.packed import packed
from webapp.devices.models import PredictedCost, PredictorFit
from webapp.devices.predicted import current_fits, name_of, values_by_network

from .models import Candidate, CandidateState, Run

COLUMNS = ("value", "low", "high", "method")


def fits_of(run: Run, goals: Sequence[dict[str, Any]]) -> list[PredictorFit]:
    """Return the current fits that predict costs which are no objective of the run: one query."""
    own = {goal["name"] for goal in goals}
    return [fit for fit in current_fits(run.team_id, run.spec) if name_of(fit) not in own]


def goals_of_fits(fits: Iterable[PredictorFit]) -> list[dict[str, Any]]:
    """Return the predicted objectives as pages read them: name, unit, better, networks."""
    return [
        {
            "name": name_of(fit),
            "unit": fit.unit,
            "better": _better(fit),
            "measured": fit.validation["count"],
            "warnings": fit.validation["warnings"],
            "device": fit.predictor.device_id,
        }
        for fit in fits
    ]


def add_predicted(fits: list[PredictorFit], rows: Iterable[dict[str, Any]]) -> None:
    """Add `predicted` to rows of candidates: objective -> value, low, high, unit, tier."""
    rows = list(rows)
    found = values_by_network(fits, [row["architecture_id"] for row in rows]) if fits else {}
    for row in rows:
        row["predicted"] = found.get(row["architecture_id"], {})


def sorted_by_fit(candidates: QuerySet[Candidate], fit: PredictorFit) -> QuerySet[Candidate]:
    """Sort by the predicted value, the best first; candidates without one come last."""
    values = PredictedCost.objects.filter(fit=fit, architecture_id=OuterRef("architecture_id"))
    value = Subquery(values.values("value")[:1], output_field=FloatField())
    predicted = F("predicted")
    is_higher = _better(fit) == "higher"
    order = predicted.desc(nulls_last=True) if is_higher else predicted.asc(nulls_last=True)
    return candidates.annotate(predicted=value).order_by(order, "number")


def _better(fit: PredictorFit) -> str:
    """Return the direction of better of a predicted cost."""
    direction: str = catalog.load("objectives", fit.cost).better
    return direction


def predicted_columns(run: Run, goals: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the values of all measured candidates as base64 columns, for the plots.

    Returns:
        Objective -> columns `number`, `value`, `low`, `high`, and `measured`: 1 where the device
        measured this network itself.
    """
    fits = fits_of(run, goals)
    done = run.candidates.filter(state=CandidateState.DONE).order_by("number")
    numbers = list(done.values_list("number", "architecture_id")) if fits else []
    found = {}
    for fit in fits:
        rows = PredictedCost.objects.filter(fit=fit)
        values = {n: rest for n, *rest in rows.values_list("architecture_id", *COLUMNS)}
        kept = [(number, *values[network]) for number, network in numbers if network in values]
        columns: list[Any] = list(zip(*kept, strict=True)) or [()] * 5
        number, value, low, high, method = columns
        found[name_of(fit)] = {
            "number": packed(np.array(number), "<i4"),
            "value": packed(np.array(value), "<f8"),
            "low": packed(np.array(low), "<f8"),
            "high": packed(np.array(high), "<f8"),
            "measured": packed(np.array([m != "predicted" for m in method]), "u1"),
        }
    return found
