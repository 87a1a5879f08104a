"""The front of a run as a drawing in the page itself: shown until the script has drawn the plot.

The script needs the data of all candidates and a large library; the front itself is small, so the
first paint of the page has it, on the same axes. Positions are in percent of the plot's area.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Min, Q

from .models import CandidateState, Measurement, Run

MARGIN = 0.07  # of the range of an axis, on both sides; as plots/axes.js
TICKS = 7  # at most, as plots/axes.js
PREFIXES = {3: "k", 6: "M", 9: "G", 12: "T"}
PLAIN = 1000.0  # larger values are written with a prefix, as plots/look.js
TINY = 1e-3  # the plot writes values below it with exponents, which are too wide for the sketch


@dataclass(frozen=True)
class Tick:
    """A labelled grid line of an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Sketch:
    """Grid lines, the candidates on the front, and the step line of the front of two axes.

    `steps` has the corners of the line, `bars` the dominated region in rectangles (x, y, width,
    height).
    """

    x: list[Tick]
    y: list[Tick]
    marks: list[tuple[float, float]]
    lines: list[tuple[float, float, float, float]]
    bars: list[tuple[float, float, float, float]]


@dataclass(frozen=True)
class Axis:
    """One axis: the values at its start and its end. The start is the better one."""

    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the position of a value in percent."""
        return round(100 * (value - self.start) / (self.end - self.start), 3)

    def ticks(self) -> list[Tick]:
        """Return the labelled values, chosen and written as plotly.js does."""
        low, high = sorted((self.start, self.end))
        rough = (high - low) / TICKS
        base = 10.0 ** math.floor(math.log10(rough))
        step = next(base * nice for nice in (2, 5, 10) if base * nice >= rough)
        largest = max(abs(low), abs(high))
        exponent = 0
        if largest >= PLAIN * 10:
            exponent = 3 * math.floor((math.floor(math.log10(largest) + 0.01) - 1) / 3 + 0.5)
        places = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
        return [Tick(self.at(n * step), _label(n * step, exponent, step)) for n in places]


def front_sketch(run: Run, goals: list[dict[str, Any]], query: Mapping[str, str]) -> Sketch | None:
    """Return the drawing of the front on the axes that the address names.

    None if nothing is on the front, and where only the script can draw the plot: logarithmic axes
    and very small or very large values.
    """
    if not run.front.get("numbers") or query.get("lx") == "1" or query.get("ly") == "1":
        return None
    named = {goal["name"]: goal for goal in goals}
    y = named.get(query.get("y", ""), goals[0])
    x = named.get(query.get("x", ""), goals[min(1, len(goals) - 1)])
    axes = _axes(run, x, y)
    points = _points(run, x["name"], y["name"])
    if axes is None or not points:
        return None
    across, down = axes
    marks = [(across.at(px), 100 - down.at(py)) for px, py in points]
    lines, bars = _staircase(marks)
    return Sketch(
        across.ticks(), [Tick(100 - t.at, t.text) for t in down.ticks()], marks, lines, bars
    )


def _axes(run: Run, x: dict[str, Any], y: dict[str, Any]) -> tuple[Axis, Axis] | None:
    """Return both axes over the values of all candidates that the plot shows."""
    shown = Q(candidate__state=CandidateState.DONE) | Q(candidate__violation__gt=0)
    rows = Measurement.objects.filter(
        shown, candidate__run=run, objective__in={x["name"], y["name"]}
    )
    found = {
        name: (low, high)
        for name, low, high in rows.order_by()
        .values_list("objective")
        .annotate(low=Min("value"), high=Max("value"))
    }
    axes = [axis_of(*found[g["name"]], g["better"]) for g in (x, y) if g["name"] in found]
    return (axes[0], axes[1]) if len(axes) == 2 and all(axes) else None  # type: ignore[return-value]


def axis_of(low: float, high: float, better: str) -> Axis | None:
    """Return the axis of values from `low` to `high`; None if only the script can write them."""
    largest = max(abs(low), abs(high))
    if not TINY <= largest < 1e13:
        return None
    room = (high - low or abs(high) * 0.2 or 1) * MARGIN
    if room < 1e-9 * largest:
        return None
    start, end = low - room, high + room
    return Axis(end, start) if better == "higher" else Axis(start, end)


def _points(run: Run, x: str, y: str) -> list[tuple[float, float]]:
    """Return the values of the candidates on the front that meet the constraints."""
    numbers = run.front.get("numbers", [])
    rows = Measurement.objects.exclude(candidate__violation__gt=0).filter(
        candidate__run=run,
        candidate__number__in=numbers,
        candidate__state=CandidateState.DONE,
        objective__in={x, y},
    )
    values: dict[int, dict[str, float]] = {}
    for number, name, value in rows.order_by("candidate__number").values_list(
        "candidate__number", "objective", "value"
    ):
        values.setdefault(number, {})[name] = value
    return [(point[x], point[y]) for point in values.values() if x in point and y in point]


def _staircase(
    marks: list[tuple[float, float]],
) -> tuple[list[tuple[float, float, float, float]], list[tuple[float, float, float, float]]]:
    """Return the line of the front of two axes, and the region it dominates, in percent.

    Better is left and down, so y grows toward better; both end at the worst corner, (100, 0).
    """
    front: list[tuple[float, float]] = []
    for x, y in sorted(marks, key=lambda mark: (mark[0], -mark[1])):
        if not front or y > front[-1][1]:
            front.append((x, y))
    lines, bars, above = [], [], 0.0
    for i, (x, y) in enumerate(front):
        right = front[i + 1][0] if i + 1 < len(front) else 100.0
        lines += [(x, above, x, y), (x, y, right, y)]
        bars.append((x, 0.0, round(right - x, 3), y))
        above = y
    return lines, bars


def _label(value: float, exponent: int, step: float) -> str:
    if abs(value) < step / 1e6:
        return "0"
    digits = max(0, 1 - math.floor(math.log10(step)) + exponent)
    text = f"{abs(value) / 10**exponent:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return ("−" if value < 0 else "") + text + PREFIXES.get(exponent, "")
