"""SVG plots of a comparison, for reports: readable without a script, interactive with one.

`Drawing.data` is what static/js/report-plots.js draws from, in the page and in the exported file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from webapp.runs.front_sketch import MARGIN, Axis
from webapp.runs.numbers import value_text
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
    """A plot in a box of WIDTH x HEIGHT; ticks are (position, text), `data` the values as JSON."""

    title: str
    x_title: str
    y_title: str
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    lines: list[Line]
    data: dict[str, Any] = field(default_factory=dict)
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

    def ends(self) -> list[float]:
        return [self.axis.start, self.axis.end]

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
    values: list[dict[str, Any]] = []
    for group in block["data"]["groups"]:
        fronts = [
            [[*reversed(p["values"][:2]), _point_text(group, name, p, (x, y))] for p in front]
            for name, front in _fronts(group, runs)
        ]
        lines.append((group, [(across, up) for front in fronts for across, up, _ in front]))
        values.append({**_look(group), "fronts": fronts})
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
        {
            "x": {
                "range": across.ends(),
                "title": goal_title(x),
                "higher": x["better"] == "higher",
            },
            "y": {"range": up.ends(), "title": goal_title(y)},
            "groups": values,
        },
    )


def _look(group: dict[str, Any]) -> dict[str, Any]:
    return {"label": group["label"], "colour": method_colour(group["strategy"])}


def _fronts(group: dict[str, Any], runs: dict[int, Any]) -> list[tuple[str, list[Any]]]:
    """The feasible part of the front of each run of a group, with the name of the run in it."""
    names = group["names"] if len(group["runs"]) > 1 else [""]
    return [
        (name, [point for point in runs[key]["front"] if point["feasible"]][:MAX_CORNERS])
        for key, name in zip(group["runs"], names, strict=True)
    ]


def _point_text(
    group: dict[str, Any], name: str, point: dict[str, Any], goals: tuple[Any, Any]
) -> str:
    """Return what a point is: its group, run, number and values."""
    whose = ", ".join(filter(None, (group["label"], name)))
    values = [value_text(g["name"], v, g["unit"]) for g, v in
              zip(goals, reversed(point["values"][:2]), strict=True)]  # fmt: skip
    shown = ", ".join(f"{g['name']} {value}" for g, value in zip(goals, values, strict=True))
    return f"{whose} #{point['number']}: {shown}"


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
    curves = [
        [[p["spent"] / unit.scale, p["mean"], p["low"], p["high"]] for p in group["band"]]
        for group in groups
    ]
    data = {
        "x": {"range": across.ends(), "title": unit.label},
        "y": {"range": up.ends(), "title": "hypervolume"},
        "groups": [
            {**_look(group), "curve": curve} for group, curve in zip(groups, curves, strict=True)
        ],
    }
    return Drawing(
        "Hypervolume", unit.label, "hypervolume", across.ticks(), up.ticks(), lines, data
    )
