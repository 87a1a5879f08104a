"""Runs as other tools recorded them: what every reader returns."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nasengine.core.errors import EngineError

MAX_RUNS = 200
MAX_CANDIDATES = 20_000
MAX_NAME = 50
MAX_POINTS = 200  # of a learning curve, up to twice as many while it is read
MAX_STEP = 2**53  # larger steps are no exact numbers in a browser
HIGHER = re.compile(r"(^|_)(acc|accuracy|auc|f1|map|iou|bleu|precision|recall|reward|throughput)")


@dataclass(frozen=True)
class Recorded:
    """One candidate: a trial of Optuna, a run of MLflow or W&B, a folder of TensorBoard, a row.

    Attributes:
        state: "done", "failed" or "pruned".
        settings: what was chosen: name -> text or number.
        values: measured values by name.
        seconds: duration, None if it is not known.
        curves: values by step, by the name of the measured value.
    """

    state: str
    settings: dict[str, str | float | int | bool]
    values: dict[str, float]
    started: datetime | None = None
    seconds: float | None = None
    curves: Mapping[str, Series] = field(default_factory=dict, repr=False)


class Series:
    """One measured value by step: all of few steps, else evenly spaced ones and the last."""

    def __init__(self) -> None:
        self._points: list[tuple[int, float]] = []
        self._stride = 1
        self._count = 0
        self._last: tuple[int, float] | None = None

    def add(self, step: int, value: float) -> None:
        """Append a value."""
        self._last = step, value
        if self._count % self._stride == 0:
            self._points.append(self._last)
        self._count += 1
        if len(self._points) == 2 * MAX_POINTS:
            del self._points[1::2]
            self._stride *= 2

    def by_step(self) -> dict[int, float]:
        """Return the value of each step that is kept; of a repeated step the last."""
        kept = self._points if self._last is None else [*self._points, self._last]
        return dict(kept)


def curve_of(candidate: Recorded, names: Iterable[str], most: int) -> list[dict[str, float]]:
    """Return the learning curve of a candidate: one object per step, with the step as `epoch`.

    Args:
        candidate: the candidate.
        names: the measured values that are kept, the objectives.
        most: how many points at most.
    """
    points: dict[int, dict[str, float]] = {}
    for name in names:
        series = candidate.curves.get(name)
        for step, value in (series.by_step() if series else {}).items():
            points.setdefault(step, {"epoch": step})[name] = value
    steps = sorted(points)
    if len(steps) < 2:
        return []
    stride = -(-len(steps) // most)
    return [points[step] for step in reversed(steps[::-1][::stride])]


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
