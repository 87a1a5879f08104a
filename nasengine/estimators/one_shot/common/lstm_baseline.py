"""The LSTM baseline of the recurrent cell that a one-shot search derived."""

from __future__ import annotations

from typing import Any

from ....core.estimator import Evaluation
from ....core.outcome import Outcome
from ...training.config import TrainConfig
from ...training.lstm_baseline import train_lstm

REPORTED = ("network", "hidden", "parameters")


def train_lstm_baseline(training: Any, evaluation: Evaluation) -> Outcome:
    """Train an LSTM with as many parameters, and the estimator's settings, data and seed.

    Raises:
        Cancelled: the evaluation was cancelled between windows.
        EngineError: the machine lacks the device or the data.
    """
    config = training if isinstance(training, TrainConfig) else TrainConfig()
    outcome = train_lstm(config, evaluation).outcome
    if outcome.state != "done":
        return outcome
    detail = outcome.measurements[0].detail
    findings = {name: detail[name] for name in REPORTED}
    return Outcome(
        outcome.number,
        "trained",
        epochs=outcome.epochs,
        findings={**findings, "values": outcome.values},
    )
