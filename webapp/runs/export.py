"""Every candidate of a run as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from webapp.common.spreadsheet import harmless

from .models import Run
from .objectives import goals_of_run
from .queries import candidate_rows

HEADER = ("number", "state", "reason", "on_front", "broken_constraints", "origin", "parents")

# Columns after those of older releases, for each objective: where its value is from.
ORIGIN = {"tier": "method", "device": "device", "repetitions": "repetitions", "spread": "spread"}


def candidate_csv(run: Run) -> Iterator[str]:
    """Return the lines of a table with one row per candidate, by number."""
    goals = goals_of_run(run)
    units = [f"{g['name']} ({g['unit']})" if g["unit"] else g["name"] for g in goals]
    on_front = set(run.front.get("numbers", []))
    writer: Any = csv.writer(_Echo())
    origins = [f"{goal['name']} {column}" for goal in goals for column in ORIGIN]
    yield writer.writerow([*HEADER, *units, "architecture_id", *origins])
    for row in candidate_rows(run):
        found = [row["values"].get(goal["name"], {}) for goal in goals]
        yield writer.writerow(
            [
                row["number"],
                row["state"],
                harmless(row["reason"]),
                int(row["number"] in on_front),
                harmless(_spaced(row["broken"])),
                harmless(row["origin"]),
                _spaced(row["parents"]),
                *(_short(one.get("value")) for one in found),
                row["architecture_id"],
                *(one.get(key) for one in found for key in ORIGIN.values()),
            ]
        )


class _Echo:
    """A file that returns what is written to it, for csv.writer."""

    def write(self, line: str) -> str:
        return line


def _spaced(items: Iterable[Any]) -> str:
    return " ".join(str(item) for item in items)


def _short(value: float | None) -> float | int | None:
    """Return whole numbers without a decimal point, as the scripts of the page write them."""
    return int(value) if value is not None and value.is_integer() else value
