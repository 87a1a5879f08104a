"""Throughput that is derived from latencies: closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from nasengine.predictors.few_shot.predictor import Prediction
from nasengine.predictors.few_shot.throughput import (
    left_out_throughput,
    predicted_throughput,
    throughput_of,
)
from nasengine.predictors.few_shot.validation import LeftOut


def test_throughput_is_the_inverse_of_the_latency_and_its_interval_stays_finite():
    assert throughput_of(4.0, 2.0, 8.0) == (250.0, 125.0, 500.0)
    assert throughput_of(4.0, 2.0, 8.0, batch=8) == (2000.0, 1000.0, 4000.0)
    latency = Prediction(*(np.array(ends) for ends in ([4.0], [0.0], [8.0], [0.4])))
    found = predicted_throughput(latency, np.array([5.0, 10.0]))
    ends = [float(end[0]) for end in (found.value, found.low, found.high, found.deviation)]
    assert ends == pytest.approx([250.0, 125.0, 1000 / 1.5, 25.0])
    left = left_out_throughput(LeftOut(np.array([4.0]), np.array([5.0]), np.array([1.2])))
    assert (left.measured[0], left.predicted[0], left.ratios[0]) == (250.0, 200.0, 1.2)
