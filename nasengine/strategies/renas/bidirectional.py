"""A bidirectional LSTM over one sequence of words: every place knows both its sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..common.learning import lstm
from ..common.learning.parameters import Arrays


def encoder_arrays(
    rng: np.random.Generator, vocabulary: int, embedding: int, hidden: int, reach: float
) -> Arrays:
    """An embedding of the words and one LSTM for each direction."""
    arrays = {"embedding": rng.uniform(-1, 1, (vocabulary, embedding)).astype(np.float32)}
    for way in ("forwards", "backwards"):
        made = lstm.lstm_arrays(rng, embedding, hidden, reach)
        arrays |= {f"{way}.{name}": array for name, array in made.items()}
    return arrays


@dataclass(frozen=True)
class Read:
    """What was read: states t x 2 hidden, and the steps of both ways."""

    words: tuple[int, ...]
    states: np.ndarray
    forwards: list[lstm.Step]
    backwards: list[lstm.Step]


def read(arrays: Arrays, words: Sequence[int], hidden: int) -> Read:
    """The states of both directions beside one another, at every place."""
    there, forwards = _way(arrays, "forwards", words, hidden)
    back, backwards = _way(arrays, "backwards", words[::-1], hidden)
    states = np.concatenate([there, back[::-1]], axis=1)
    return Read(tuple(words), states, forwards, backwards)


def read_back(arrays: Arrays, gradients: Arrays, seen: Read, d_states: np.ndarray) -> None:
    """Adds to `gradients` what the gradient t x 2 hidden of the states means for the arrays."""
    hidden = d_states.shape[1] // 2
    there, back = d_states[:, :hidden], d_states[::-1, hidden:]
    _way_back(_both(arrays, gradients, "forwards"), seen.words, seen.forwards, there)
    _way_back(_both(arrays, gradients, "backwards"), seen.words[::-1], seen.backwards, back)


def _part(arrays: Arrays, way: str) -> Arrays:
    return {name: arrays[f"{way}.{name}"] for name in ("weight", "bias")}


def _way(
    arrays: Arrays, way: str, words: Sequence[int], hidden: int
) -> tuple[np.ndarray, list[lstm.Step]]:
    part = _part(arrays, way)
    state = lstm.start(1, hidden, part["bias"].dtype)
    states, steps = [], []
    for word in words:
        state, step = lstm.forward(part, arrays["embedding"][word][None], state)
        states.append(state[0][0])
        steps.append(step)
    return np.array(states), steps


def _both(arrays: Arrays, gradients: Arrays, way: str) -> tuple[Arrays, Arrays]:
    """One direction's arrays, and their gradients beside that of the embedding."""
    found = {**_part(gradients, way), "embedding": gradients["embedding"]}
    return _part(arrays, way), found


def _way_back(
    both: tuple[Arrays, Arrays],
    words: Sequence[int],
    steps: list[lstm.Step],
    d_states: np.ndarray,
) -> None:
    part, found = both
    d_state = lstm.start(1, d_states.shape[1], part["bias"].dtype)
    for place in range(len(words) - 1, -1, -1):
        d_hidden = d_state[0] + d_states[place][None]
        d_x, d_state = lstm.backward(part, found, steps[place], (d_hidden, d_state[1]))
        found["embedding"][words[place]] += d_x[0]
