"""A long short-term memory (Hochreiter and Schmidhuber 1997) in numpy, forward and backward.

The gates are in PyTorch's order: input, forget, cell, output. Sequences of different lengths
share a batch: once `live` is 0, a sequence has ended and its state no longer changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .adam import Arrays, uniform

State = tuple[np.ndarray, np.ndarray]


def lstm_arrays(rng: np.random.Generator, inputs: int, hidden: int, bound: float) -> Arrays:
    """Draw one layer: weight (inputs + hidden) x 4 hidden and bias 4 hidden."""
    return {
        "weight": uniform(rng, bound, inputs + hidden, 4 * hidden),
        "bias": uniform(rng, bound, 4 * hidden),
    }


@dataclass(frozen=True)
class Step:
    """The intermediate results of one step, as its backward pass needs them."""

    joined: np.ndarray  # input and previous hidden state, b x (d + h)
    cell_before: np.ndarray
    gates: np.ndarray
    cell_tanh: np.ndarray
    live: np.ndarray | None


def start(batch: int, hidden: int, dtype: np.dtype | type = np.float32) -> State:
    """Return the hidden and cell state b x h before the first step: zeros."""
    return np.zeros((batch, hidden), dtype), np.zeros((batch, hidden), dtype)


def forward(
    arrays: Arrays, x: np.ndarray, state: State, live: np.ndarray | None = None
) -> tuple[State, Step]:
    """Compute one step.

    Args:
        arrays: weight and bias.
        x: b x d inputs.
        state: hidden and cell state, b x h each.
        live: b x 1 of 0 and 1; None: every sequence goes on.
    """
    hidden, cell = state
    size = hidden.shape[1]
    joined = np.concatenate([x, hidden], axis=1)
    gates = joined @ arrays["weight"] + arrays["bias"]
    input_gate, forget_gate, new_cell, output_gate = _four(gates, size)
    # The sigmoid as (1 + tanh(x / 2)) / 2 never overflows, and one tanh serves all four gates.
    for gate in (input_gate, forget_gate, output_gate):
        np.multiply(gate, 0.5, out=gate)
    np.tanh(gates, out=gates)
    for gate in (input_gate, forget_gate, output_gate):
        np.multiply(gate + 1, 0.5, out=gate)
    cell_after = forget_gate * cell + input_gate * new_cell
    cell_tanh = np.tanh(cell_after)
    hidden_after = output_gate * cell_tanh
    if live is not None:
        cell_after = np.where(live > 0, cell_after, cell)
        hidden_after = np.where(live > 0, hidden_after, hidden)
    return (hidden_after, cell_after), Step(joined, cell, gates, cell_tanh, live)


def backward(
    arrays: Arrays, gradients: Arrays, step: Step, d_state: State
) -> tuple[np.ndarray, State]:
    """Backpropagate one step.

    Adds the gradients of weight and bias to `gradients`.

    Returns:
        The gradient of the input, b x d, and of the state before the step.
    """
    d_hidden, d_cell = d_state
    skipped_hidden = skipped_cell = np.zeros_like(d_hidden)
    if step.live is not None:  # the gradient of an ended sequence passes through unchanged
        skipped_hidden, skipped_cell = d_hidden * (1 - step.live), d_cell * (1 - step.live)
        d_hidden, d_cell = d_hidden * step.live, d_cell * step.live
    input_gate, forget_gate, new_cell, output_gate = _four(step.gates, d_hidden.shape[1])
    d_after = d_cell + d_hidden * output_gate * (1 - step.cell_tanh**2)
    d_raw = np.concatenate(
        [
            d_after * new_cell * input_gate * (1 - input_gate),
            d_after * step.cell_before * forget_gate * (1 - forget_gate),
            d_after * input_gate * (1 - new_cell**2),
            d_hidden * step.cell_tanh * output_gate * (1 - output_gate),
        ],
        axis=1,
    )
    gradients["weight"] += step.joined.T @ d_raw
    gradients["bias"] += d_raw.sum(axis=0)
    d_joined = d_raw @ arrays["weight"].T
    size = forget_gate.shape[1]
    d_x, d_before = d_joined[:, :-size], d_joined[:, -size:]
    return d_x, (d_before + skipped_hidden, d_after * forget_gate + skipped_cell)


def zeros(arrays: Arrays) -> Arrays:
    """Return a zero gradient for each array."""
    return {name: np.zeros_like(array) for name, array in arrays.items()}


def _four(gates: np.ndarray, size: int) -> list[np.ndarray]:
    """Return views of the four gates of b x 4h; np.split is slower than the gates themselves."""
    return [gates[:, gate * size : (gate + 1) * size] for gate in range(4)]
