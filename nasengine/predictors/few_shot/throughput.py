"""Throughput from a predicted or measured latency: inputs per second of one pass after another."""

from __future__ import annotations

import numpy as np

from .predictor import LOWEST, Prediction
from .validation import LeftOut

THROUGHPUT = "throughput"
BATCH = 1  # inputs of one pass: predictors are fitted to latencies of single inputs
MS_PER_S = 1000.0


def measured_cost(cost: str) -> str:
    """Return the cost whose measurements a predictor of `cost` is fitted to."""
    return "latency" if cost == THROUGHPUT else cost


def throughput_of(
    value: float, low: float, high: float, batch: int = BATCH
) -> tuple[float, float, float]:
    """Return throughput with its interval: the ends of the latency's interval, exchanged.

    Args:
        value: Latency of one pass in ms, above 0.
        low: Lower end of its interval, above 0.
        high: Upper end.
        batch: Inputs of one pass.
    """
    inputs = MS_PER_S * batch
    return inputs / value, inputs / high, inputs / low


def predicted_throughput(latency: Prediction, measured: np.ndarray) -> Prediction:
    """Return the throughput of networks whose latency is predicted.

    An interval of latencies may reach 0; no predicted latency is below a share of the lowest
    measured one, so its lower end is not taken to be lower either.

    Args:
        latency: Predicted latencies in ms.
        measured: The measured latencies in ms.
    """
    value = latency.value
    low = np.minimum(np.maximum(latency.low, LOWEST * measured.min()), value)
    inputs = MS_PER_S * BATCH
    deviation = inputs * latency.deviation / value**2  # to first order
    return Prediction(inputs / value, inputs / latency.high, inputs / low, deviation)


def left_out_throughput(latency: LeftOut) -> LeftOut:
    """Return left-out networks with throughputs; errors in standard deviations stay."""
    inputs = MS_PER_S * BATCH
    return LeftOut(inputs / latency.measured, inputs / latency.predicted, latency.ratios)
