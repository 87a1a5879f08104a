"""The plot of predicted against final values: places, intervals and what was stopped."""

from __future__ import annotations

from typing import Any

import pytest

from webapp.runs.prediction_plot import prediction_plot


def done(number: int, predicted: float, deviation: float, final: float) -> dict[str, Any]:
    prediction = {"value": predicted, "deviation": deviation, "epoch": 5}
    inside = abs(final - predicted) <= 1.645 * deviation
    return {
        "number": number, "prediction": prediction, "final": final, "unit": "%", "inside": inside
    }  # fmt: skip


def test_a_right_prediction_is_on_the_diagonal_and_a_wrong_one_outside_its_interval():
    stopped = [
        {"number": 8, "prediction": {"value": 30.0}, "reached": 5, "planned": 20},
        {"number": 9, "prediction": None, "reached": 5, "planned": 20},
    ]
    plot = prediction_plot([done(1, 10.0, 1.0, 10.0), done(2, 10.0, 1.0, 20.0)], stopped)
    assert plot is not None
    right, wrong = plot.marks
    share = (right.x - plot.left) / (plot.right - plot.left)
    assert share == pytest.approx((plot.bottom - right.y) / (plot.bottom - plot.top), abs=0.002)
    assert wrong.x == right.x and wrong.y < right.y
    assert (right.inside, wrong.inside, plot.held) == (True, False, 1)
    assert right.x - right.low == pytest.approx(right.high - right.x, abs=0.2)
    (rug,) = plot.stopped
    assert rug.x > right.high
    assert "15 epochs saved" in rug.title
    assert all(plot.left <= x <= plot.right for m in plot.marks for x in (m.low, m.x, m.high))


def test_without_a_result_or_a_scale_there_is_no_plot():
    assert prediction_plot([], []) is None
    assert prediction_plot([done(1, 1e14, 1.0, 1e14)], []) is None
