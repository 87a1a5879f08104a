"""Every candidate of a run as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from webapp.common.csv_lines import Echo
from webapp.common.spreadsheet import harmless
from webapp.devices.predicted import name_of

from .models import Run
from .objectives import goals_of_run
from .predicted import add_predicted, fits_of
from .queries import candidate_rows

HEADER = ("number", "state", "reason", "on_front", "broken_constraints", "origin", "parents")

# Columns after those of older releases, for each objective: where its value is from.
ORIGIN = {"tier": "method", "device": "device", "repetitions": "repetitions", "spread": "spread"}

# The last columns, for each objective that is predicted for a device of the team.
PREDICTED = {
    "value": "value",
    "unit": "unit",
    "low": "low",
    "high": "high",
    "tier": "method",
    "device": "device",
}


def candidate_csv(run: Run) -> Iterator[str]:
    """Return the lines of a table with one row per candidate, by number."""
    goals = goals_of_run(run)
    units = [f"{g['name']} ({g['unit']})" if g["unit"] else g["name"] for g in goals]
    on_front = set(run.front.get("numbers", []))
    writer: Any = csv.writer(Echo())
    origins = [f"{goal['name']} {column}" for goal in goals for column in ORIGIN]
    fits = fits_of(run, goals)
    predicted = [f"{name_of(fit)} predicted {column}" for fit in fits for column in PREDICTED]
    yield writer.writerow([*HEADER, *units, "architecture_id", *origins, *predicted])
    rows = candidate_rows(run)
    add_predicted(fits, rows)
    for row in rows:
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
                *(_short(measurement.get("value")) for measurement in found),
                row["architecture_id"],
                *(measurement.get(key) for measurement in found for key in ORIGIN.values()),
                *(
                    row["predicted"].get(name_of(fit), {}).get(key)
                    for fit in fits
                    for key in PREDICTED.values()
                ),
            ]
        )


def _spaced(items: Iterable[Any]) -> str:
    return " ".join(str(item) for item in items)


def _short(value: float | None) -> float | int | None:
    """Return whole numbers without a decimal point, as the scripts of the page write them."""
    return int(value) if value is not None and value.is_integer() else value
