"""Named arrays that are learned: their start, their steps (Adam), their text."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # Kingma and Ba, 1412.6980


def uniform(rng: np.random.Generator, reach: float, *shape: int) -> np.ndarray:
    """An array drawn from U(-reach, reach), float32."""
    return rng.uniform(-reach, reach, shape).astype(np.float32)


def pack(array: np.ndarray) -> dict[str, Any]:
    """An array as JSON that `unpack` turns back, bit for bit."""
    raw = np.ascontiguousarray(array, dtype="<f4").tobytes()
    return {"shape": list(array.shape), "float32": base64.b64encode(raw).decode()}


def unpack(value: dict[str, Any]) -> np.ndarray:
    """The array that was packed."""
    raw = base64.b64decode(value["float32"])
    return np.frombuffer(raw, dtype="<f4").astype(np.float32).reshape(value["shape"])


class Adam:
    """Adam on named arrays, which it changes in place; `clip` bounds the gradients' norm."""

    def __init__(self, arrays: Arrays, rate: float, clip: float = 5.0):
        self.arrays = arrays
        self.rate = rate
        self.clip = clip
        self.steps = 0
        self._first = {name: np.zeros_like(array) for name, array in arrays.items()}
        self._second = {name: np.zeros_like(array) for name, array in arrays.items()}

    def step(self, gradients: Arrays) -> None:
        """One step downhill."""
        self.steps += 1
        squares = sum(float(np.vdot(g, g)) for g in gradients.values())
        shrink = min(1.0, self.clip / max(squares**0.5, 1e-12))
        slow = 1 - BETA_1**self.steps
        slower = 1 - BETA_2**self.steps
        for name, raw in gradients.items():
            gradient = raw * np.float32(shrink)
            first, second = self._first[name], self._second[name]
            first += (1 - BETA_1) * (gradient - first)
            second += (1 - BETA_2) * (gradient * gradient - second)
            moved = self.rate * (first / slow) / (np.sqrt(second / slower) + EPSILON)
            self.arrays[name] -= moved.astype(self.arrays[name].dtype)

    def state_dict(self) -> dict[str, Any]:
        """Arrays and moments, as JSON."""
        return {
            "steps": self.steps,
            "arrays": {name: pack(array) for name, array in self.arrays.items()},
            "first": {name: pack(array) for name, array in self._first.items()},
            "second": {name: pack(array) for name, array in self._second.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes over what was saved; the arrays keep their identity."""
        self.steps = state["steps"]
        for kept, name_of in (
            (self.arrays, "arrays"),
            (self._first, "first"),
            (self._second, "second"),
        ):
            for name, array in kept.items():
                array[...] = unpack(state[name_of][name])
