"""A recurrent policy over a sequence of decisions: sample it, score it, learn from rewards.

The "robot network" of MONAS (1806.10332): an LSTM reads the previous choice as a one-hot vector
(zeros for the first decision) and outputs a softmax over the options of the next decision.
Here every decision has its own linear layer on the hidden state, since the options of different
decisions mean different things, and an option that is not allowed has probability 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.arithmetic import softmax
from ..common.learning import lstm
from ..common.learning.adam import Adam, Arrays, uniform
from ..common.learning.categorical import draw, masked, negative_entropy_gradient

Allowed = Callable[[Sequence[int], int], Sequence[int]]


class SequencePolicy:
    """A distribution over sequences of choices, trained by policy gradient.

    Args:
        rng: draws the initial weights.
        options: number of options of each decision.
        hidden: units of the LSTM.
        rate: learning rate of Adam.
        bound: the weights are drawn from U(-bound, bound).
    """

    def __init__(
        self,
        rng: np.random.Generator,
        options: Sequence[int],
        *,
        hidden: int,
        rate: float,
        bound: float = 0.1,
    ):
        self.options = tuple(options)
        self.hidden = hidden
        self.width = max(self.options)
        # Decision d reads columns starts[d] .. starts[d + 1] of the common readout.
        self.starts = np.cumsum([0, *self.options])
        self.arrays: Arrays = {
            **lstm.lstm_arrays(rng, self.width, hidden, bound),
            "readout": uniform(rng, bound, hidden, int(self.starts[-1])),
            "offset": np.zeros(int(self.starts[-1]), dtype=np.float32),
        }
        self.adam = Adam(self.arrays, rate)

    def sample(
        self, rng: np.random.Generator, allowed: Allowed, temperature: float = 1.0
    ) -> list[int]:
        """Draw a sequence of choices; a temperature above 1 flattens the distributions."""
        choices: list[int] = []
        state = lstm.start(1, self.hidden)
        for decision in range(len(self.options)):
            state, _ = lstm.forward(self.arrays, self._input(choices), state)
            options = allowed(choices, decision)
            choices.append(draw(rng, self._probabilities(state[0], decision, options, temperature)))
        return choices

    def distributions(self, choices: Sequence[int], allowed: Allowed) -> list[np.ndarray]:
        """Return the probabilities of each decision's options, given the choices before it."""
        return [probabilities for _, probabilities, _ in self._walk(choices, allowed)]

    def gradients(
        self, choices: Sequence[int], allowed: Allowed, advantage: float, entropy: float
    ) -> Arrays:
        """Return the gradient of -(advantage x log probability + entropy x sum of entropies)."""
        gradients = lstm.zeros(self.arrays)
        walk = self._walk(choices, allowed)
        d_state = lstm.start(1, self.hidden, self.arrays["bias"].dtype)
        for decision in range(len(choices) - 1, -1, -1):
            step, probabilities, hidden = walk[decision]
            d_logits = advantage * probabilities
            d_logits[choices[decision]] -= advantage
            d_logits += entropy * negative_entropy_gradient(probabilities)
            columns = self._columns(decision)
            gradients["readout"][:, columns] += np.outer(hidden[0], d_logits)
            gradients["offset"][columns] += d_logits
            d_hidden = d_logits[None] @ self.arrays["readout"][:, columns].T
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
        """Return the LSTM step, the probabilities and the hidden state at each decision."""
        walk = []
        state = lstm.start(1, self.hidden, self.arrays["bias"].dtype)
        for decision in range(len(choices)):
            before = choices[:decision]
            state, step = lstm.forward(self.arrays, self._input(before), state)
            probabilities = self._probabilities(state[0], decision, allowed(before, decision))
            walk.append((step, probabilities, state[0]))
        return walk

    def _input(self, before: Sequence[int]) -> np.ndarray:
        """Return the previous choice as a one-hot row; zeros for the first decision."""
        x = np.zeros((1, self.width), dtype=self.arrays["bias"].dtype)
        if before:
            x[0, before[-1]] = 1
        return x

    def _probabilities(
        self, hidden: np.ndarray, decision: int, allowed: Sequence[int], temperature: float = 1.0
    ) -> np.ndarray:
        columns = self._columns(decision)
        logits = hidden[0] @ self.arrays["readout"][:, columns] + self.arrays["offset"][columns]
        return softmax(masked(logits / temperature, allowed))

    def _columns(self, decision: int) -> slice:
        return slice(int(self.starts[decision]), int(self.starts[decision + 1]))
