"""A long short-term memory (Hochreiter and Schmidhuber 1997), forwards and backwards.

Gates stand in torch's order: input, forget, cell, output. Sequences of different lengths
share a batch: where `live` is 0 a sequence is over and its state stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .parameters import Arrays, uniform

State = tuple[np.ndarray, np.ndarray]


def lstm_arrays(rng: np.random.Generator, inputs: int, hidden: int, reach: float) -> Arrays:
    """Weights (inputs + hidden) x 4 hidden and bias 4 hidden of one layer."""
    return {
        "weight": uniform(rng, reach, inputs + hidden, 4 * hidden),
        "bias": uniform(rng, reach, 4 * hidden),
    }


@dataclass(frozen=True)
class Step:
    """What one step leaves for its way back."""

    joined: np.ndarray
    before: np.ndarray
    gates: np.ndarray
    squashed: np.ndarray
    live: np.ndarray | None


def start(batch: int, hidden: int, dtype: np.dtype | type = np.float32) -> State:
    """Hidden and cell state b x h before the first step: zeros."""
    return np.zeros((batch, hidden), dtype), np.zeros((batch, hidden), dtype)


def forward(
    arrays: Arrays, x: np.ndarray, state: State, live: np.ndarray | None = None
) -> tuple[State, Step]:
    """One step: x is b x d, live b x 1 of 0 and 1 (None: all go on)."""
    hidden, cell = state
    size = hidden.shape[1]
    joined = np.concatenate([x, hidden], axis=1)
    gates = joined @ arrays["weight"] + arrays["bias"]
    let_in, forget, new, out = _four(gates, size)
    for gate in (let_in, forget, out):
        np.multiply(gate, 0.5, out=gate)
    np.tanh(gates, out=gates)
    for gate in (let_in, forget, out):  # (1 + tanh(x / 2)) / 2 never overflows
        np.multiply(gate + 1, 0.5, out=gate)
    after = forget * cell + let_in * new
    squashed = np.tanh(after)
    told = out * squashed
    if live is not None:
        after = np.where(live > 0, after, cell)
        told = np.where(live > 0, told, hidden)
    return (told, after), Step(joined, cell, gates, squashed, live)


def backward(
    arrays: Arrays, gradients: Arrays, step: Step, d_state: State
) -> tuple[np.ndarray, State]:
    """The way back of one step; adds to `gradients`, returns those of x and of the state."""
    d_hidden, d_cell = d_state
    kept_hidden = kept_cell = np.zeros_like(d_hidden)
    if step.live is not None:
        kept_hidden, kept_cell = d_hidden * (1 - step.live), d_cell * (1 - step.live)
        d_hidden, d_cell = d_hidden * step.live, d_cell * step.live
    let_in, forget, new, out = _four(step.gates, d_hidden.shape[1])
    d_after = d_cell + d_hidden * out * (1 - step.squashed**2)
    d_raw = np.concatenate(
        [
            d_after * new * let_in * (1 - let_in),
            d_after * step.before * forget * (1 - forget),
            d_after * let_in * (1 - new**2),
            d_hidden * step.squashed * out * (1 - out),
        ],
        axis=1,
    )
    gradients["weight"] += step.joined.T @ d_raw
    gradients["bias"] += d_raw.sum(axis=0)
    d_joined = d_raw @ arrays["weight"].T
    size = forget.shape[1]
    d_x, d_before = d_joined[:, :-size], d_joined[:, -size:]
    return d_x, (d_before + kept_hidden, d_after * forget + kept_cell)


def zeros(arrays: Arrays) -> Arrays:
    """Gradients to begin with."""
    return {name: np.zeros_like(array) for name, array in arrays.items()}


def _four(gates: np.ndarray, size: int) -> list[np.ndarray]:
    """The four gates of b x 4h, without a copy; np.split takes longer than the gates do."""
    return [gates[:, place * size : (place + 1) * size] for place in range(4)]
