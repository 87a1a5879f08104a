"""A recurrent regressor: reads an architecture's tokens, predicts one number per objective.

An embedding, an LSTM and a linear layer on the last hidden state, as in the surrogates of
progressive search (PNAS, 1712.00559; DPP-Net, 1806.08198).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..common.learning import lstm
from ..common.learning.adam import Adam, Arrays, uniform


@dataclass(frozen=True)
class TokenBatch:
    """n token sequences, padded to one array n x t, and their lengths n."""

    tokens: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, sequences: Sequence[Sequence[int]]) -> TokenBatch:
        lengths = np.array([len(sequence) for sequence in sequences], dtype=int)
        tokens = np.zeros((len(sequences), int(lengths.max(initial=1))), dtype=int)
        for row, sequence in enumerate(sequences):
            tokens[row, : len(sequence)] = sequence
        return cls(tokens, lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    def rows(self, indices: np.ndarray) -> TokenBatch:
        return TokenBatch(self.tokens[indices], self.lengths[indices])


class SequenceRegressor:
    """Maps n token sequences to n x m numbers, trained by mean squared error.

    A target of NaN is unknown and adds nothing to the error.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        vocabulary: int,
        outputs: int,
        *,
        hidden: int,
        embedding: int,
        rate: float,
    ):
        self.hidden = hidden
        bound = 1 / hidden**0.5
        self.arrays: Arrays = {
            "embedding": rng.standard_normal((vocabulary, embedding)).astype(np.float32),
            **lstm.lstm_arrays(rng, embedding, hidden, bound),
            "readout": uniform(rng, bound, hidden, outputs),
            "offset": np.zeros(outputs, dtype=np.float32),
        }
        self.adam = Adam(self.arrays, rate)

    def fit(
        self,
        sequences: TokenBatch,
        targets: np.ndarray,
        rng: np.random.Generator,
        *,
        epochs: int,
        batch: int,
    ) -> float:
        """Train on all sequences in random batches; return the mean loss of the last epoch."""
        targets = np.asarray(targets, dtype=np.float32)
        loss = 0.0
        for _ in range(epochs):
            order = rng.permutation(len(sequences))
            losses = []
            for start in range(0, len(order), batch):
                indices = order[start : start + batch]
                value, gradients = self.gradients(sequences.rows(indices), targets[indices])
                self.adam.step(gradients)
                losses.append(value)
            loss = float(np.mean(losses)) if losses else 0.0
        return loss

    def predict(self, sequences: TokenBatch) -> np.ndarray:
        """Return n x m predictions."""
        states, _ = self._read(sequences)
        return states[-1][0] @ self.arrays["readout"] + self.arrays["offset"]

    def gradients(self, sequences: TokenBatch, targets: np.ndarray) -> tuple[float, Arrays]:
        """Return the mean squared error of a batch and its gradient for each array."""
        states, steps = self._read(sequences)
        final = states[-1][0]
        residual = final @ self.arrays["readout"] + self.arrays["offset"] - targets
        residual[np.isnan(targets)] = 0.0
        gradients = lstm.zeros(self.arrays)
        d_out = (2 / residual.size) * residual
        gradients["readout"] += final.T @ d_out
        gradients["offset"] += d_out.sum(axis=0)
        d_state = (d_out @ self.arrays["readout"].T, np.zeros_like(final))
        for position in range(len(steps) - 1, -1, -1):
            d_x, d_state = lstm.backward(self.arrays, gradients, steps[position], d_state)
            np.add.at(gradients["embedding"], sequences.tokens[:, position], d_x)
        return float(np.mean(residual**2)), gradients

    def _read(self, sequences: TokenBatch) -> tuple[list[lstm.State], list[lstm.Step]]:
        dtype = self.arrays["bias"].dtype
        states, steps = [lstm.start(len(sequences), self.hidden, dtype)], []
        for position in range(sequences.tokens.shape[1]):
            live = (sequences.lengths > position).astype(dtype)[:, None]
            x = self.arrays["embedding"][sequences.tokens[:, position]]
            mask = None if live.all() else live
            state, step = lstm.forward(self.arrays, x, states[-1], mask)
            states.append(state)
            steps.append(step)
        return states, steps
