"""Both ends of a network that reads words: embedding and decoder are one matrix (1608.05859)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

INITIAL = 0.04


def kept(share: float, shape: tuple[int, ...], like: torch.Tensor) -> torch.Tensor:
    """A dropout mask, 0 for a share of its numbers, else 1 / (1 - share)."""
    mask = torch.empty(shape, dtype=like.dtype, device=like.device)
    return mask.bernoulli_(1 - share).div_(1 - share)


def drawn(*shape: int) -> nn.Parameter:
    """Weights from U(-0.04, 0.04), as in the language models of DARTS (1806.09055)."""
    return nn.Parameter(torch.empty(shape).uniform_(-INITIAL, INITIAL))


class WordEnds(nn.Module):
    """Words n x t to embeddings n x t x hidden, outputs n x t x hidden to logits n x t x classes.

    In training mode whole words, then the same places of a sequence's embeddings and outputs
    are dropped (1512.05287); DARTS' two dropouts of the embedding are one here.
    """

    def __init__(self, config: Any, vocabulary: int):
        super().__init__()
        self.config = config
        self.weight = drawn(vocabulary, config.hidden)
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def embedded(self, words: torch.Tensor) -> torch.Tensor:
        """Embeddings of words, int64."""
        found = functional.embedding(words, self.weight)
        if self.training and self.config.word_dropout:
            known = kept(self.config.word_dropout, (len(self.weight), 1), found)
            found = found * functional.embedding(words, known)
        return self._dropped(found, self.config.input_dropout)

    def logits(self, outputs: torch.Tensor) -> torch.Tensor:
        """How likely each word of the vocabulary comes next."""
        outputs = self._dropped(outputs, self.config.output_dropout)
        return functional.linear(outputs, self.weight, self.bias)

    def first_state(self, words: torch.Tensor) -> torch.Tensor:
        """Zeros n x hidden: nothing has been read yet."""
        return self.weight.new_zeros(len(words), self.config.hidden)

    def state_mask(self, state: torch.Tensor) -> torch.Tensor | None:
        """What stays of the state where a matrix reads it, one mask a sequence; None: all."""
        share = self.config.hidden_dropout
        return kept(share, tuple(state.shape), state) if self.training and share else None

    def _dropped(self, sequence: torch.Tensor, share: float) -> torch.Tensor:
        if not self.training or not share:
            return sequence
        return sequence * kept(share, (len(sequence), 1, sequence.shape[-1]), sequence)
