"""The front of a run as a table: the first rows by the first objective, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F, OuterRef, Subquery

from .models import FINITE, Measurement, Run
from .numbers import is_unsure
from .queries import lean_candidates
from .rows import candidate_row

MAX_ROWS = 50


@dataclass(frozen=True)
class FrontTable:
    """Rows of candidates on the front, best first; `total` counts all of them.

    `infeasible`: no candidate meets every constraint, and these violate them least. `unsure`
    names the objectives of which a shown value has a spread of more than a tenth of it.
    """

    rows: list[dict[str, Any]]
    total: int
    infeasible: bool
    unsure: list[str]


def front_table(run: Run, goals: list[dict[str, Any]]) -> FrontTable:
    """Return the front of a run, at most `MAX_ROWS` rows of it."""
    numbers = run.front.get("numbers", [])
    first = goals[0]
    values = Measurement.objects.filter(
        FINITE, candidate=OuterRef("pk"), objective=first["name"]
    ).values("value")
    ranked = run.candidates.filter(number__in=numbers).annotate(rank=Subquery(values[:1]))
    rank = F("rank")
    order = rank.desc(nulls_last=True) if first["better"] == "higher" else rank.asc(nulls_last=True)
    rows = [candidate_row(c) for c in lean_candidates(ranked.order_by(order, "number"))[:MAX_ROWS]]
    unsure = [
        goal["name"]
        for goal in goals
        if any(
            is_unsure(value["value"], value["spread"])
            for row in rows
            if (value := row["values"].get(goal["name"]))
        )
    ]
    return FrontTable(rows, len(numbers), any(row["violation"] for row in rows), unsure)
