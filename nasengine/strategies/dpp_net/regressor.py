"""A recurrent regressor: words of an architecture in, one number an objective out.

An embedding, an LSTM and a linear layer on its last state, as the surrogates of
progressive search (PNAS, 1712.00559; DPP-Net, 1806.08198).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..common.learning import lstm
from ..common.learning.parameters import Adam, Arrays, uniform


@dataclass(frozen=True)
class Texts:
    """n sequences as one array n x t of words, and how long each is."""

    words: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[Sequence[int]]) -> Texts:
        lengths = np.array([len(text) for text in texts], dtype=int)
        words = np.zeros((len(texts), int(lengths.max(initial=1))), dtype=int)
        for row, text in enumerate(texts):
            words[row, : len(text)] = text
        return cls(words, lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    def chosen(self, rows: np.ndarray) -> Texts:
        return Texts(self.words[rows], self.lengths[rows])


class SequenceRegressor:
    """Learns n texts -> n x m numbers by mean squared error."""

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
        reach = 1 / hidden**0.5
        self.arrays: Arrays = {
            "embedding": rng.standard_normal((vocabulary, embedding)).astype(np.float32),
            **lstm.lstm_arrays(rng, embedding, hidden, reach),
            "readout": uniform(rng, reach, hidden, outputs),
            "offset": np.zeros(outputs, dtype=np.float32),
        }
        self.adam = Adam(self.arrays, rate)

    def fit(
        self,
        texts: Texts,
        targets: np.ndarray,
        rng: np.random.Generator,
        *,
        epochs: int,
        batch: int,
    ) -> float:
        """Passes over everything in random batches; the mean loss of the last pass."""
        targets = np.asarray(targets, dtype=np.float32)
        loss = 0.0
        for _ in range(epochs):
            order = rng.permutation(len(texts))
            losses = []
            for begin in range(0, len(order), batch):
                rows = order[begin : begin + batch]
                value, gradients = self.gradients(texts.chosen(rows), targets[rows])
                self.adam.step(gradients)
                losses.append(value)
            loss = float(np.mean(losses)) if losses else 0.0
        return loss

    def predict(self, texts: Texts) -> np.ndarray:
        """n x m."""
        states, _ = self._read(texts)
        return states[-1][0] @ self.arrays["readout"] + self.arrays["offset"]

    def gradients(self, texts: Texts, targets: np.ndarray) -> tuple[float, Arrays]:
        """Mean squared error of a batch, and its gradient for every array."""
        states, steps = self._read(texts)
        final = states[-1][0]
        wrong = final @ self.arrays["readout"] + self.arrays["offset"] - targets
        gradients = lstm.zeros(self.arrays)
        d_out = (2 / wrong.size) * wrong
        gradients["readout"] += final.T @ d_out
        gradients["offset"] += d_out.sum(axis=0)
        d_state = (d_out @ self.arrays["readout"].T, np.zeros_like(final))
        for place in range(len(steps) - 1, -1, -1):
            d_x, d_state = lstm.backward(self.arrays, gradients, steps[place], d_state)
            np.add.at(gradients["embedding"], texts.words[:, place], d_x)
        return float(np.mean(wrong**2)), gradients

    def _read(self, texts: Texts) -> tuple[list[lstm.State], list[lstm.Step]]:
        dtype = self.arrays["bias"].dtype
        states, steps = [lstm.start(len(texts), self.hidden, dtype)], []
        for place in range(texts.words.shape[1]):
            live = (texts.lengths > place).astype(dtype)[:, None]
            x = self.arrays["embedding"][texts.words[:, place]]
            every = None if live.all() else live
            state, step = lstm.forward(self.arrays, x, states[-1], every)
            states.append(state)
            steps.append(step)
        return states, steps
