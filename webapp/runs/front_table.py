"""The front of a run as a table: the first rows by the first objective, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .models import FINITE, Measurement, Run
from .numbers import is_unsure
from .queries import lean_candidates
from .rows import candidate_row

MAX_ROWS = 50


@dataclass(frozen=True)
class FrontTable:
    """Candidates on the front, best first; `total` counts all of them, `different` their values.

    Candidates with equal values in every objective share one row: that of the lowest number, whose
    key `equal` counts the others. `infeasible`: no candidate meets every constraint, and these
    violate them least. `unsure` names the objectives of which a shown value has a spread of more
    than a tenth of it.
    """

    rows: list[dict[str, Any]]
    total: int
    different: int
    infeasible: bool
    unsure: list[str]


def front_table(run: Run, goals: list[dict[str, Any]]) -> FrontTable:
    """Return the front of a run, at most `MAX_ROWS` rows of it."""
    numbers = run.front.get("numbers", [])
    groups = _groups(run, goals, numbers)
    shown = {members[0]: len(members) - 1 for members in groups[:MAX_ROWS]}
    candidates = lean_candidates(run.candidates.filter(number__in=list(shown)))
    found = {c.number: {**candidate_row(c), "equal": shown[c.number]} for c in candidates}
    rows = [found[number] for number in shown if number in found]
    unsure = [
        goal["name"]
        for goal in goals
        if any(
            is_unsure(value["value"], value["spread"])
            for row in rows
            if (value := row["values"].get(goal["name"]))
        )
    ]
    infeasible = any(row["violation"] for row in rows)
    return FrontTable(rows, len(numbers), len(groups), infeasible, unsure)


def _groups(run: Run, goals: list[dict[str, Any]], numbers: list[int]) -> list[list[int]]:
    """Return the numbers of candidates with equal values, groups by the first objective."""
    names = [goal["name"] for goal in goals]
    measured: dict[int, dict[str, float]] = {}
    rows = Measurement.objects.filter(
        FINITE, candidate__run=run, candidate__number__in=numbers, objective__in=names
    )
    columns = ("candidate__number", "objective", "value")
    for number, name, value in rows.order_by("candidate__number").values_list(*columns):
        measured.setdefault(number, {})[name] = value
    groups: dict[tuple[float | None, ...], list[int]] = {}
    for number, values in measured.items():
        groups.setdefault(tuple(values.get(name) for name in names), []).append(number)
    flip = -1 if goals[0]["better"] == "higher" else 1

    def rank(group: tuple[tuple[float | None, ...], list[int]]) -> tuple[bool, float, int]:
        first = group[0][0]
        return first is None, 0.0 if first is None else flip * first, group[1][0]

    return [members for _, members in sorted(groups.items(), key=rank)]
