"""An LSTM language model with the embedding and dropouts of `recurrent-cell`, as a baseline."""

from __future__ import annotations

import math

import torch
from torch import nn

from .tied_embedding import INIT_BOUND, LanguageModelSettings, TiedEmbedding, dropout_mask

Memory = tuple[torch.Tensor, torch.Tensor]


class LSTMNetwork(nn.Module):
    """Words n x t and a state n x 2 hidden to logits n x t x classes and the next state.

    One layer of torch's LSTM; the state is output and memory, concatenated. In training mode
    `hidden_dropout` drops recurrent weights for a whole sequence, as in AWD-LSTM (1708.02182).
    `drop_path` has no effect.

    Args:
        config: Size and dropout rates, such as a `RecurrentCellConfig`.
        vocabulary: Number of different words.
    """

    def __init__(self, config: LanguageModelSettings, vocabulary: int):
        super().__init__()
        self.drop_path = 0.0
        self.config = config
        self.ends = TiedEmbedding(config, vocabulary)
        self.lstm = nn.LSTM(config.hidden, config.hidden, batch_first=True)
        for parameter in self.lstm.parameters():
            nn.init.uniform_(parameter, -INIT_BOUND, INIT_BOUND)

    def forward(
        self, words: torch.Tensor, state: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        outputs, last = self.outputs(words, state)
        return self.ends.logits(outputs), last

    def outputs(
        self, words: torch.Tensor, state: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the outputs n x t x hidden, before dropout, and the state after the last word."""
        if state is None:
            state = self.ends.first_state(words).repeat(1, 2)
        output, memory = (part.contiguous()[None] for part in state.chunk(2, dim=-1))
        outputs, (output, memory) = self._run(self.ends.embedded(words), (output, memory))
        return outputs, torch.cat([output[0], memory[0]], dim=-1)

    def _run(self, x: torch.Tensor, state: Memory) -> tuple[torch.Tensor, Memory]:
        rate = self.config.hidden_dropout
        if not self.training or not rate:
            return self.lstm(x, state)
        weight = self.lstm.get_parameter("weight_hh_l0")
        dropped = weight * dropout_mask(rate, tuple(weight.shape), weight)
        return torch.func.functional_call(self.lstm, {"weight_hh_l0": dropped}, (x, state))


def hidden_of(parameters: int, vocabulary: int) -> int:
    """Return the hidden size, at least 1, of the LSTM whose parameter count is closest.

    An LSTM of hidden size h has vocabulary * (h + 1) parameters in the embedding and
    8 h (h + 1) in the layer.
    """
    half = (vocabulary + 8) / 16
    exact = -half + math.sqrt(half * half + max(parameters - vocabulary, 0) / 8)
    return max(round(exact), 1)
