"""An LSTM language model with the ends and dropouts of `recurrent-cell`: what cells must beat."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from .word_ends import INITIAL, WordEnds, kept


class LSTMNetwork(nn.Module):
    """Words n x t and a state n x 2 hidden to logits n x t x classes and the state behind them.

    One layer of torch's LSTM; the state is output and memory side by side. `config` is a
    `RecurrentCellConfig`, of which size and dropouts count. In training mode recurrent weights
    are dropped for a whole sequence, as in AWD-LSTM (1708.02182), where `hidden_dropout` is.
    """

    def __init__(self, config: Any, vocabulary: int):
        super().__init__()
        self.drop_path = 0.0
        self.config = config
        self.ends = WordEnds(config, vocabulary)
        self.lstm = nn.LSTM(config.hidden, config.hidden, batch_first=True)
        for parameter in self.lstm.parameters():
            nn.init.uniform_(parameter, -INITIAL, INITIAL)

    def forward(
        self, words: torch.Tensor, state: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if state is None:
            state = self.ends.first_state(words).repeat(1, 2)
        output, memory = (part.contiguous()[None] for part in state.chunk(2, dim=-1))
        outputs, (output, memory) = self._run(self.ends.embedded(words), (output, memory))
        return self.ends.logits(outputs), torch.cat([output[0], memory[0]], dim=-1)

    def _run(self, x: torch.Tensor, state: Any) -> Any:
        share = self.config.hidden_dropout
        if not self.training or not share:
            return self.lstm(x, state)
        weight = self.lstm.get_parameter("weight_hh_l0")
        dropped = weight * kept(share, tuple(weight.shape), weight)
        return torch.func.functional_call(self.lstm, {"weight_hh_l0": dropped}, (x, state))


def hidden_of(parameters: int, vocabulary: int) -> int:
    """The hidden numbers of the LSTM whose parameters come closest to so many, at least 1.

    It has vocabulary * (h + 1) of its ends and 8 h (h + 1) inside.
    """
    half = (vocabulary + 8) / 16
    exact = -half + math.sqrt(half * half + max(parameters - vocabulary, 0) / 8)
    return max(round(exact), 1)
