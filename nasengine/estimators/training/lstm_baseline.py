"""An LSTM trained in the place of a recurrent cell: what the cell has to be better than."""

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
    """Trains and measures an LSTM of as many parameters as the architecture of `evaluation`.

    Everything else is the same: data, seed, settings, dropouts. Of an evaluation of space
    `recurrent-cell` alone. `hidden` and `parameters` stand in the measurements' detail.

    Raises:
        Cancelled: asked for between windows.
        EngineError: the machine lacks the device, or the data.
    """
    space: Any = _LSTMInstead(evaluation.space)

    def told(network: torch.nn.Module) -> dict[str, Any]:
        return {
            "network": "LSTM",
            "hidden": space.hidden,
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
        }

    return train_and_validate(config, replace(evaluation, space=space), told)


class _LSTMInstead:
    """Builds an LSTM wherever a space would build one of its architectures."""

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
            rival = self.space.build(architecture, input_shape, classes, auxiliary)
        count = sum(parameter.numel() for parameter in rival.parameters())
        self.hidden = hidden_of(count, classes)
        return LSTMNetwork(replace(self.space.config, hidden=self.hidden), classes)
