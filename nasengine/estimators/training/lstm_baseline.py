"""The LSTM baseline of a recurrent cell: an LSTM with as many parameters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from ...core.architecture import Architecture
from ...core.estimator import Evaluation
from ...spaces.layers.lstm_network import LSTMNetwork, hidden_of
from .config import TrainConfig
from .estimator import train_and_validate
from .trained import Trained


def train_lstm(config: TrainConfig, evaluation: Evaluation) -> Trained:
    """Train and measure an LSTM with as many parameters as the architecture of `evaluation`.

    Data, seed, settings and dropouts are the same. The space must be `recurrent-cell`. The
    details of the measurements include `hidden` and `parameters`.

    Raises:
        Cancelled: the evaluation was cancelled between windows.
        EngineError: the machine lacks the device or the data.
    """
    space: Any = _LSTMSpace(evaluation.space)

    def describe(network: torch.nn.Module) -> dict[str, Any]:
        return {
            "network": "LSTM",
            "hidden": space.hidden,
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
        }

    return train_and_validate(config, replace(evaluation, space=space), describe)


class _LSTMSpace:
    """Builds an LSTM in place of an architecture of the wrapped space."""

    def __init__(self, space: Any):
        self.space = space
        self.hidden = 0

    def build(
        self,
        architecture: Architecture,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool = False,
    ) -> torch.nn.Module:
        with torch.device("meta"):
            cell = self.space.build(architecture, input_shape, classes, auxiliary)
        count = sum(parameter.numel() for parameter in cell.parameters())
        self.hidden = hidden_of(count, classes)
        return LSTMNetwork(replace(self.space.config, hidden=self.hidden), classes)
