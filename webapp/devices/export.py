"""The measurements of a device as CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any

from webapp.common.csv_lines import Echo
from webapp.common.spreadsheet import harmless

from .models import Device

COLUMNS = (
    "objective", "network", "architecture_id", "batch", "state", "reason", "value", "unit", "low",
    "high", "spread", "repetitions", "method", "runtime", "runtime_version",
)  # fmt: skip
CHUNK = 200


def measurement_csv(device: Device) -> Iterator[str]:
    """Return the lines of a table with one row per measurement, oldest first."""
    writer: Any = csv.writer(Echo())
    yield writer.writerow(
        [*COLUMNS, "device", "ended_at", "layers_fallen_back", "conditions", "samples"]
    )
    rows = device.measurements.defer("architecture").order_by("pk")
    for row in rows.iterator(chunk_size=CHUNK):
        values = [getattr(row, name) for name in COLUMNS]
        yield writer.writerow(
            [
                *(harmless(value) if isinstance(value, str) else value for value in values),
                device.name,
                row.ended_at.isoformat() if row.ended_at else "",
                harmless("; ".join(row.layers)),
                json.dumps(row.conditions),
                " ".join(f"{sample:g}" for sample in row.samples),
            ]
        )
