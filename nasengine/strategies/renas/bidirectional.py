"""A bidirectional LSTM encoder over one sequence of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..common.learning import lstm
from ..common.learning.adam import Arrays

DIRECTIONS = ("forwards", "backwards")  # prefixes of saved arrays


def encoder_arrays(
    rng: np.random.Generator, vocabulary: int, embedding: int, hidden: int, bound: float
) -> Arrays:
    """Draw a token embedding and one LSTM for each direction."""
    arrays = {"embedding": rng.uniform(-1, 1, (vocabulary, embedding)).astype(np.float32)}
    for direction in DIRECTIONS:
        layer = lstm.lstm_arrays(rng, embedding, hidden, bound)
        arrays |= {f"{direction}.{name}": array for name, array in layer.items()}
    return arrays


@dataclass(frozen=True)
class Encoding:
    """An encoded sequence: states t x 2 hidden, and the LSTM steps of both directions."""

    tokens: tuple[int, ...]
    states: np.ndarray
    forward_steps: list[lstm.Step]
    backward_steps: list[lstm.Step]


def encode(arrays: Arrays, tokens: Sequence[int], hidden: int) -> Encoding:
    """Encode t tokens: at each position the hidden states of both directions, concatenated."""
    forward, forward_steps = _run(arrays, "forwards", tokens, hidden)
    backward, backward_steps = _run(arrays, "backwards", tokens[::-1], hidden)
    states = np.concatenate([forward, backward[::-1]], axis=1)
    return Encoding(tuple(tokens), states, forward_steps, backward_steps)


def encode_backward(
    arrays: Arrays, gradients: Arrays, encoding: Encoding, d_states: np.ndarray
) -> None:
    """Add to `gradients` the gradients of the arrays, given those of the states t x 2 hidden."""
    hidden = d_states.shape[1] // 2
    runs = (
        ("forwards", encoding.tokens, encoding.forward_steps, d_states[:, :hidden]),
        ("backwards", encoding.tokens[::-1], encoding.backward_steps, d_states[::-1, hidden:]),
    )
    for direction, tokens, steps, d_run in runs:
        layer_gradients = _layer(gradients, direction)
        d_inputs = _run_backward(_layer(arrays, direction), layer_gradients, steps, d_run)
        for position in range(len(tokens) - 1, -1, -1):
            gradients["embedding"][tokens[position]] += d_inputs[position]


def _layer(arrays: Arrays, direction: str) -> Arrays:
    return {name: arrays[f"{direction}.{name}"] for name in ("weight", "bias")}


def _run(
    arrays: Arrays, direction: str, tokens: Sequence[int], hidden: int
) -> tuple[np.ndarray, list[lstm.Step]]:
    layer = _layer(arrays, direction)
    state = lstm.start(1, hidden, layer["bias"].dtype)
    states, steps = [], []
    for token in tokens:
        state, step = lstm.forward(layer, arrays["embedding"][token][None], state)
        states.append(state[0][0])
        steps.append(step)
    return np.array(states), steps


def _run_backward(
    layer: Arrays, gradients: Arrays, steps: list[lstm.Step], d_states: np.ndarray
) -> np.ndarray:
    """Backpropagate one direction; return the gradients t x embedding of its inputs."""
    d_inputs = []
    d_state = lstm.start(1, d_states.shape[1], layer["bias"].dtype)
    for position in range(len(steps) - 1, -1, -1):
        d_hidden = d_state[0] + d_states[position][None]
        d_x, d_state = lstm.backward(layer, gradients, steps[position], (d_hidden, d_state[1]))
        d_inputs.append(d_x[0])
    return np.array(d_inputs[::-1])
