"""Static SVG plots of a comparison, for reports: they need no script and work offline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from webapp.runs.front_sketch import MARGIN, Axis
from webapp.runs.templatetags.figures import goal_title, method_colour

WIDTH, HEIGHT = 560, 320
LEFT, RIGHT, TOP, BOTTOM = 80, 16, 16, 44
MAX_CORNERS = 400
Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A line or marks of a group: SVG points, colour, and its label in the legend."""

    label: str
    colour: str
    points: str
    marks: list[Point]
    band: str = ""


@dataclass(frozen=True)
class Drawing:
    """A plot in a box of WIDTH x HEIGHT; ticks are (position, text)."""

    title: str
    x_title: str
    y_title: str
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    lines: list[Line]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    bottom: int = HEIGHT - BOTTOM
    right: int = WIDTH - RIGHT
    top: int = TOP


class _Scale:
    """Maps values to pixels; margin and ticks are those of the plots."""

    def __init__(self, values: Sequence[float], start: float, end: float):
        low, high = min(values), max(values)
        room = (high - low or abs(high) * 0.2 or 1.0) * MARGIN
        self.axis, self.start, self.length = Axis(low - room, high + room), start, end - start

    def at(self, value: float) -> float:
        return self._pixel(self.axis.at(value))

    def ticks(self) -> list[tuple[float, str]]:
        return [(self._pixel(tick.at), tick.text) for tick in self.axis.ticks()]

    def _pixel(self, percent: float) -> float:
        return round(self.start + percent / 100 * self.length, 1)


def front_drawing(block: dict[str, Any]) -> Drawing | None:
    """Return the fronts of a comparison on its first two objectives; None without points."""
    goals = block["data"]["goals"]
    if len(goals) < 2:
        return None
    x, y = goals[1], goals[0]
    runs = {run["id"]: run for run in block["data"]["runs"]}
    lines: list[tuple[Any, list[Point]]] = []
    for group in block["data"]["groups"]:
        marks = [
            (point["values"][1], point["values"][0])
            for key in group["runs"]
            for point in runs[key]["front"]
        ]
        lines.append((group, marks))
    every = [mark for _, marks in lines for mark in marks]
    if not every:
        return None
    across = _Scale([p[0] for p in every], LEFT, WIDTH - RIGHT)
    up = _Scale([p[1] for p in every], HEIGHT - BOTTOM, TOP)
    return Drawing(
        "Fronts",
        goal_title(x),
        goal_title(y),
        across.ticks(),
        up.ticks(),
        [
            Line(
                group["label"],
                method_colour(group["strategy"]),
                "",
                [(across.at(a), up.at(b)) for a, b in marks[:MAX_CORNERS]],
            )
            for group, marks in lines
        ],
    )


def growth_drawing(block: dict[str, Any]) -> Drawing | None:
    """Return the hypervolume of each group: mean, in a band from the lowest to the highest run."""
    unit = block["unit"]
    groups = [group for group in block["data"]["groups"] if group["band"]]
    if not groups:
        return None
    spent = [0.0, *(p["spent"] / unit.scale for group in groups for p in group["band"])]
    levels = [0.0, *(p["high"] for group in groups for p in group["band"])]
    across = _Scale(spent, LEFT, WIDTH - RIGHT)
    up = _Scale(levels, HEIGHT - BOTTOM, TOP)
    lines = []
    for group in groups:
        band = group["band"]
        xs = [across.at(p["spent"] / unit.scale) for p in band]

        def corners(key: str, xs: list[float] = xs, band: Any = band) -> list[str]:
            ys = [up.at(p[key]) for p in band]
            before = [f"{xs[0]},{ys[0]}"]
            steps = [
                f"{x},{y}" for x, last, new in zip(xs[1:], ys, ys[1:], strict=False)
                for y in (last, new)
            ]  # fmt: skip
            return before + steps

        label, colour = group["label"], method_colour(group["strategy"])
        around = " ".join([*corners("low"), *reversed(corners("high"))])
        lines.append(Line(label, colour, " ".join(corners("mean")), [], around))
    return Drawing(
        "Hypervolume", unit.label, "hypervolume", across.ticks(), up.ticks(), lines,
    )  # fmt: skip
