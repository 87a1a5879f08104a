"""Runs as other tools recorded them: what every reader returns."""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nasengine.core.errors import EngineError

MAX_RUNS = 200
MAX_CANDIDATES = 20_000
MAX_NAME = 50
HIGHER = re.compile(r"(^|_)(acc|accuracy|auc|f1|map|iou|bleu|precision|recall|reward|throughput)")


@dataclass(frozen=True)
class Recorded:
    """One candidate: a trial of Optuna, a run of MLflow or W&B, a folder of TensorBoard, a row.

    Attributes:
        state: "done", "failed" or "pruned".
        settings: what was chosen: name -> text or number.
        values: measured values by name.
        seconds: duration, None if it is not known.
    """

    state: str
    settings: dict[str, str | float | int | bool]
    values: dict[str, float]
    started: datetime | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class RecordedRun:
    """One run: a study of Optuna, an experiment of MLflow, a log folder or a table.

    Attributes:
        source: the tool, such as "optuna".
        better: objective -> "lower" or "higher", the first objective first.
    """

    name: str
    source: str
    better: dict[str, str]
    candidates: tuple[Recorded, ...] = field(repr=False)

    def digest(self) -> str:
        """Return the SHA-256 of everything that is imported."""
        rows = [[c.state, c.settings, c.values] for c in self.candidates]
        text = json.dumps([self.name, self.source, self.better, rows], sort_keys=True)
        return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def plain_name(text: str) -> str:
    """Return a name that queries can use: letters, digits and underscores."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:MAX_NAME]
    return name if name[:1].isalpha() else f"value_{name}".rstrip("_")


def guessed_better(name: str) -> str:
    """Return the direction that the name of a measured value suggests."""
    return "higher" if HIGHER.search(plain_name(name)) else "lower"


def chosen_objectives(wanted: str, known: dict[str, int]) -> dict[str, str]:
    """Return name -> "lower" or "higher".

    Args:
        wanted: names separated by commas, each with a direction if it is not the one that its
            name suggests, as "val_acc:higher, size:lower". "": up to three names that most
            candidates have.
        known: name -> number of candidates with a value.

    Raises:
        EngineError: a name is unknown, a direction is wrong, or there is no value at all.
    """
    if not known:
        raise EngineError("has no measured values: choose another file")
    if not wanted.strip():
        most = max(known.values())
        names = [name for name, count in known.items() if count == most][:3]
        return {plain_name(name): guessed_better(name) for name in names}
    found: dict[str, str] = {}
    plain = {plain_name(name): name for name in known}
    for part in wanted.split(","):
        name, _, better = (text.strip() for text in part.strip().rpartition(":"))
        if better not in ("lower", "higher"):
            name, better = part.strip(), guessed_better(part)
        if not name:
            continue
        if plain_name(name) not in plain:
            listed = ", ".join(sorted(known)[:10])
            raise EngineError(f"has no value {name[:60]!r}: choose of {listed}")
        found[plain_name(name)] = better
    return found


def finite(value: Any) -> float | None:
    """Return a finite number, None for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def check_size(candidates: int) -> None:
    """Check the number of candidates of a run.

    Raises:
        EngineError: there are too many.
    """
    if candidates > MAX_CANDIDATES:
        raise EngineError(
            f"has a run of {candidates:,} candidates: at most {MAX_CANDIDATES:,} are imported"
        )
