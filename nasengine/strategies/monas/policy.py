"""A recurrent policy over a sequence of decisions: sample, score, learn from reward.

The "robot network" of MONAS (1806.10332): an LSTM that reads the last choice as one-hot
(zeros at first) and gives, place by place, a softmax over the options. Here every place has
its own linear layer on the LSTM's state, since options of different places mean different
things, and an option that is not allowed has probability 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.arithmetic import softmax
from ..common.learning import lstm
from ..common.learning.categorical import minus_entropy_gradient, pick
from ..common.learning.parameters import Adam, Arrays, uniform

Allowed = Callable[[Sequence[int], int], Sequence[int]]


class SequencePolicy:
    """Choices for places with `options` numbers of options, learned by policy gradient."""

    def __init__(
        self,
        rng: np.random.Generator,
        options: Sequence[int],
        *,
        hidden: int,
        rate: float,
        reach: float = 0.1,
    ):
        self.options = tuple(options)
        self.hidden = hidden
        self.width = max(self.options)
        self.starts = np.cumsum([0, *self.options])
        self.arrays: Arrays = {
            **lstm.lstm_arrays(rng, self.width, hidden, reach),
            "readout": uniform(rng, reach, hidden, int(self.starts[-1])),
            "offset": np.zeros(int(self.starts[-1]), dtype=np.float32),
        }
        self.adam = Adam(self.arrays, rate)

    def sample(
        self, rng: np.random.Generator, allowed: Allowed, temperature: float = 1.0
    ) -> list[int]:
        """A sequence drawn place by place; above temperature 1 more evenly."""
        choices: list[int] = []
        state = lstm.start(1, self.hidden)
        for place in range(len(self.options)):
            state, _ = lstm.forward(self.arrays, self._read(choices), state)
            chances = self._chances(state[0], place, allowed(choices, place), temperature)
            choices.append(pick(rng, chances))
        return choices

    def distributions(self, choices: Sequence[int], allowed: Allowed) -> list[np.ndarray]:
        """The probabilities at every place on the way to these choices."""
        return [chances for _, chances, _ in self._walk(choices, allowed)]

    def gradients(
        self, choices: Sequence[int], allowed: Allowed, advantage: float, entropy: float
    ) -> Arrays:
        """Of -(advantage x log probability + entropy x sum of entropies), for every array."""
        gradients = lstm.zeros(self.arrays)
        walked = self._walk(choices, allowed)
        d_state = lstm.start(1, self.hidden, self.arrays["bias"].dtype)
        for place in range(len(choices) - 1, -1, -1):
            step, chances, hidden = walked[place]
            d_logits = advantage * chances
            d_logits[choices[place]] -= advantage
            d_logits += entropy * minus_entropy_gradient(chances)
            span = slice(int(self.starts[place]), int(self.starts[place + 1]))
            gradients["readout"][:, span] += np.outer(hidden[0], d_logits)
            gradients["offset"][span] += d_logits
            d_hidden = d_logits[None] @ self.arrays["readout"][:, span].T
            d_hidden = d_hidden.astype(hidden.dtype) + d_state[0]
            _, d_state = lstm.backward(self.arrays, gradients, step, (d_hidden, d_state[1]))
        return gradients

    def state_dict(self) -> dict[str, Any]:
        return self.adam.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.adam.load_state_dict(state)

    def _walk(
        self, choices: Sequence[int], allowed: Allowed
    ) -> list[tuple[lstm.Step, np.ndarray, np.ndarray]]:
        walked = []
        state = lstm.start(1, self.hidden, self.arrays["bias"].dtype)
        for place in range(len(choices)):
            before = choices[:place]
            state, step = lstm.forward(self.arrays, self._read(before), state)
            chances = self._chances(state[0], place, allowed(before, place))
            walked.append((step, chances, state[0]))
        return walked

    def _read(self, before: Sequence[int]) -> np.ndarray:
        x = np.zeros((1, self.width), dtype=self.arrays["bias"].dtype)
        if before:
            x[0, before[-1]] = 1
        return x

    def _chances(
        self, hidden: np.ndarray, place: int, allowed: Sequence[int], temperature: float = 1.0
    ) -> np.ndarray:
        span = slice(int(self.starts[place]), int(self.starts[place + 1]))
        logits = hidden[0] @ self.arrays["readout"][:, span] + self.arrays["offset"][span]
        barred = np.full(len(logits), -np.inf)
        barred[list(allowed)] = 0.0
        return softmax(logits / temperature + barred)
