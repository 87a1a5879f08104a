"""Embedding and decoder of a language model, which share one matrix (1608.05859)."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import nn
from torch.nn import functional

INIT_BOUND = 0.04


class LanguageModelSettings(Protocol):
    """Size and dropout rates of a recurrent language model."""

    @property
    def hidden(self) -> int: ...
    @property
    def word_dropout(self) -> float: ...
    @property
    def embedding_dropout(self) -> float: ...
    @property
    def input_dropout(self) -> float: ...
    @property
    def hidden_dropout(self) -> float: ...
    @property
    def output_dropout(self) -> float: ...


def dropout_mask(rate: float, shape: tuple[int, ...], like: torch.Tensor) -> torch.Tensor:
    """Return a mask that is 0 with probability `rate`, else 1 / (1 - rate)."""
    mask = torch.empty(shape, dtype=like.dtype, device=like.device)
    return mask.bernoulli_(1 - rate).div_(1 - rate)


def uniform_parameter(*shape: int) -> nn.Parameter:
    """Return weights from U(-0.04, 0.04), as in the language models of DARTS (1806.09055)."""
    return nn.Parameter(torch.empty(shape).uniform_(-INIT_BOUND, INIT_BOUND))


class TiedEmbedding(nn.Module):
    """Words n x t to embeddings n x t x hidden; outputs n x t x hidden to logits n x t x classes.

    In training mode, whole words are dropped, then the same positions of the embeddings and of
    the outputs of a sequence (variational dropout, 1512.05287). As in DARTS, two dropouts of
    the embedding can follow each other.
    """

    def __init__(self, config: LanguageModelSettings, vocabulary: int):
        super().__init__()
        self.config = config
        self.weight = uniform_parameter(vocabulary, config.hidden)
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def embedded(self, words: torch.Tensor) -> torch.Tensor:
        """Return the embeddings of words, int64."""
        embeddings = functional.embedding(words, self.weight)
        if self.training and self.config.word_dropout:
            mask = dropout_mask(self.config.word_dropout, (len(self.weight), 1), embeddings)
            embeddings = embeddings * functional.embedding(words, mask)
        embeddings = self._dropped(embeddings, self.config.embedding_dropout)
        return self._dropped(embeddings, self.config.input_dropout)

    def logits(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return the logits of the next word."""
        outputs = self._dropped(outputs, self.config.output_dropout)
        return functional.linear(outputs, self.weight, self.bias)

    def first_state(self, words: torch.Tensor) -> torch.Tensor:
        """Return the state before the first word: zeros n x hidden."""
        return self.weight.new_zeros(len(words), self.config.hidden)

    def state_mask(self, state: torch.Tensor) -> torch.Tensor | None:
        """Return one dropout mask of the state for a whole sequence, None if nothing is dropped."""
        rate = self.config.hidden_dropout
        return dropout_mask(rate, tuple(state.shape), state) if self.training and rate else None

    def _dropped(self, sequence: torch.Tensor, rate: float) -> torch.Tensor:
        if not self.training or not rate:
            return sequence
        return sequence * dropout_mask(rate, (len(sequence), 1, sequence.shape[-1]), sequence)
