"""Rows of a CSV file as candidates: exports of W&B, or any table."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import datetime
from itertools import islice
from pathlib import Path

from nasengine.core.errors import EngineError

from .recorded import (
    MAX_CANDIDATES,
    Recorded,
    RecordedRun,
    check_size,
    chosen_objectives,
    finite,
    plain_name,
)

WANDB = ("State", "Created", "Runtime", "Sweep")  # columns of an export; two of them are enough
ABOUT = ("Name", "ID", "Notes", "User", "Tags", "Hostname", *WANDB)
FAILED = ("failed", "crashed", "killed", "error")
MEASURED = (
    "error", "loss", "acc", "perplexity", "latency", "energy", "memory", "params", "macs",
    "flops", "auc", "f1", "throughput", "score", "reward", "objective", "value",
)  # fmt: skip
MAX_COLUMNS = 1000


def read_rows(path: Path, name: str, wanted: str) -> list[RecordedRun]:
    """Return one run with a candidate per row.

    Columns are objectives if they are wanted, or if nothing is and by their names; the others
    are settings.

    Raises:
        EngineError: the file is no such table.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.reader(file)
            header = [text.strip() for text in next(rows, [])]
            if not header or len(header) > MAX_COLUMNS or len(set(header)) < len(header):
                raise EngineError(
                    f"has {len(header):,} columns: the header needs 1 to {MAX_COLUMNS:,} different "
                    "names"
                )
            cells = [row for row in islice(rows, MAX_CANDIDATES + 1) if any(row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise EngineError(f"cannot be read as CSV ({error}): save it as UTF-8") from None
    check_size(len(cells))
    table = [dict(zip(header, row, strict=False)) for row in cells]
    measured = _measured(header, table, wanted)
    source = "wandb" if sum(column in header for column in WANDB) >= 2 else "csv"
    candidates = tuple(_candidate(row, measured, source) for row in table)
    known = Counter(objective for c in candidates for objective in c.values)
    better = chosen_objectives(wanted, dict(known))
    return [RecordedRun(name, source, better, candidates)]


def _measured(header: list[str], table: list[dict[str, str]], wanted: str) -> list[str]:
    """Return the columns with measured values."""
    numbers = [c for c in header if any(finite(row.get(c)) is not None for row in table)]
    asked = {plain_name(part.rpartition(":")[0] or part) for part in wanted.split(",")}
    asked |= {plain_name(part) for part in wanted.split(",")}
    if wanted.strip():
        return [column for column in numbers if plain_name(column) in asked]
    found = [c for c in numbers if any(word in plain_name(c) for word in MEASURED)]
    if not found:
        raise EngineError(
            "has no column with the name of a measured value, such as error: name the "
            "objectives, for example val_acc:higher"
        )
    return found


def _candidate(row: dict[str, str], measured: list[str], source: str) -> Recorded:
    values = {plain_name(c): v for c in measured if (v := finite(row.get(c))) is not None}
    settings: dict[str, str | float] = {}
    for column, text in row.items():
        if column in measured or (source == "wandb" and column in ABOUT) or not text:
            continue
        number = finite(text)
        settings[column] = text[:200] if number is None else number
    failed = row.get("State", "").lower() in FAILED or not values
    seconds = finite(row.get("Runtime")) if source == "wandb" else None
    return Recorded("failed" if failed else "done", settings, values, _time(row), seconds)


def _time(row: dict[str, str]) -> datetime | None:
    try:
        return datetime.fromisoformat(row.get("Created", "").replace("Z", "+00:00"))
    except ValueError:
        return None
