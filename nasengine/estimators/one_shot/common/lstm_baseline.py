"""An LSTM in the place of a recurrent cell that was found: what the cell has to be better than."""

from __future__ import annotations

from typing import Any

from ....core.estimator import Evaluation
from ....core.outcome import Outcome
from ...training.config import TrainConfig
from ...training.lstm_baseline import train_lstm

TOLD = ("network", "hidden", "parameters")


def train_lstm_baseline(training: Any, evaluation: Evaluation) -> Outcome:
    """As many parameters, the same data, settings and seed as the estimator has.

    Raises:
        Cancelled: asked for between windows.
        EngineError: the machine lacks the device, or the data.
    """
    how = training if isinstance(training, TrainConfig) else TrainConfig()
    outcome = train_lstm(how, evaluation).outcome
    if outcome.state != "done":
        return outcome
    detail = outcome.measurements[0].detail
    findings = {name: detail[name] for name in TOLD}
    return Outcome(
        outcome.number,
        "trained",
        epochs=outcome.epochs,
        findings={**findings, "values": outcome.values},
    )
