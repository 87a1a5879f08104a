"""Plot of predicted against final values of candidates whose learning curves were extrapolated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .front_sketch import Axis, axis_of

WIDTH, HEIGHT = 460, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 14, 14, 48
INTERVAL_90 = 1.645  # standard deviations


@dataclass(frozen=True)
class Mark:
    """A finished candidate: its place, the ends of its 90 % interval, and whether that held."""

    number: int
    x: float
    y: float
    low: float
    high: float
    inside: bool
    title: str


@dataclass(frozen=True)
class Stopped:
    """A candidate that was stopped early: the place of its prediction on the horizontal axis."""

    number: int
    x: float
    title: str


@dataclass(frozen=True)
class PredictionPlot:
    """A plot in a box of WIDTH x HEIGHT with the same scale on both axes.

    Attributes:
        x_ticks: Places and texts of the horizontal axis.
        y_ticks: Places and texts of the vertical axis.
        marks: The finished candidates; on the diagonal prediction and result are equal.
        stopped: The candidates that were stopped early.
        held: How many of the intervals hold the result.
        unit: The unit of the values.
    """

    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    marks: list[Mark]
    stopped: list[Stopped]
    held: int
    unit: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def prediction_plot(
    predicted: Sequence[dict[str, Any]], stopped: Sequence[dict[str, Any]]
) -> PredictionPlot | None:
    """Return the plot of the rows of `epochs.predicted_rows` and `epochs.stopped_rows`.

    None without a finished candidate, or if the values are too close or too large for an axis.
    """
    ends = [row["prediction"]["value"] for row in stopped if row["prediction"]]
    for row in predicted:
        value, deviation = row["prediction"]["value"], row["prediction"]["deviation"]
        ends += [row["final"], value - INTERVAL_90 * deviation, value + INTERVAL_90 * deviation]
    axis = axis_of(min(ends), max(ends), "lower") if predicted else None
    if axis is None:
        return None
    marks = [_mark(row, axis) for row in predicted]
    return PredictionPlot(
        x_ticks=[(_across(tick.at), tick.text) for tick in axis.ticks()],
        y_ticks=[(_down(tick.at), tick.text) for tick in axis.ticks()],
        marks=marks,
        stopped=[_stopped(row, axis) for row in stopped if row["prediction"]],
        held=sum(mark.inside for mark in marks),
        unit=predicted[0]["unit"],
    )


def _mark(row: dict[str, Any], axis: Axis) -> Mark:
    prediction = row["prediction"]
    value, half = prediction["value"], INTERVAL_90 * prediction["deviation"]
    title = (
        f"Candidate {row['number']}: predicted {value:.4g} ± {half:.4g} after epoch "
        f"{prediction['epoch']}, final {row['final']:.4g} {row['unit']}"
    )
    low, high = (_across(axis.at(value + side * half)) for side in (-1, 1))
    place = (_across(axis.at(value)), _down(axis.at(row["final"])))
    return Mark(row["number"], *place, low, high, row["inside"], title)


def _stopped(row: dict[str, Any], axis: Axis) -> Stopped:
    saved = (row["planned"] or 0) - (row["reached"] or 0)
    title = (
        f"Candidate {row['number']}: stopped after epoch {row['reached']} of {row['planned']}, "
        f"{saved} epochs saved, predicted {row['prediction']['value']:.4g}"
    )
    return Stopped(row["number"], _across(axis.at(row["prediction"]["value"])), title)


def _across(percent: float) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * percent / 100, 1)


def _down(percent: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * percent / 100, 1)
