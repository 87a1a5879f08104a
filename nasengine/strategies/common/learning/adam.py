"""Adam on named numpy arrays, and arrays as JSON."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # Kingma and Ba, 1412.6980


def uniform(rng: np.random.Generator, bound: float, *shape: int) -> np.ndarray:
    """Draw an array from U(-bound, bound), float32."""
    return rng.uniform(-bound, bound, shape).astype(np.float32)


def pack(array: np.ndarray) -> dict[str, Any]:
    """Return a float32 array as JSON from which `unpack` restores every bit."""
    raw = np.ascontiguousarray(array, dtype="<f4").tobytes()
    return {"shape": list(array.shape), "float32": base64.b64encode(raw).decode()}


def unpack(value: dict[str, Any]) -> np.ndarray:
    """Return the array that `pack` was given."""
    raw = base64.b64decode(value["float32"])
    return np.frombuffer(raw, dtype="<f4").astype(np.float32).reshape(value["shape"])


class Adam:
    """The optimizer Adam; it changes the arrays in place.

    Args:
        arrays: the parameters, by name.
        rate: learning rate.
        clip: largest norm of all gradients together; longer ones are scaled down.
    """

    def __init__(self, arrays: Arrays, rate: float, clip: float = 5.0):
        self.arrays = arrays
        self.rate = rate
        self.clip = clip
        self.steps = 0
        self._first = {name: np.zeros_like(array) for name, array in arrays.items()}
        self._second = {name: np.zeros_like(array) for name, array in arrays.items()}

    def step(self, gradients: Arrays) -> None:
        """Take one descent step."""
        self.steps += 1
        squares = sum(float(np.vdot(g, g)) for g in gradients.values())
        scale = min(1.0, self.clip / max(squares**0.5, 1e-12))
        first_correction = 1 - BETA_1**self.steps
        second_correction = 1 - BETA_2**self.steps
        for name, raw in gradients.items():
            gradient = raw * np.float32(scale)
            first, second = self._first[name], self._second[name]
            first += (1 - BETA_1) * (gradient - first)
            second += (1 - BETA_2) * (gradient * gradient - second)
            update = (
                self.rate
                * (first / first_correction)
                / (np.sqrt(second / second_correction) + EPSILON)
            )
            self.arrays[name] -= update.astype(self.arrays[name].dtype)

    def state_dict(self) -> dict[str, Any]:
        """Return the arrays and both moments as JSON."""
        return {
            "steps": self.steps,
            "arrays": {name: pack(array) for name, array in self.arrays.items()},
            "first": {name: pack(array) for name, array in self._first.items()},
            "second": {name: pack(array) for name, array in self._second.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned; the arrays keep their identity."""
        self.steps = state["steps"]
        for targets, key in (
            (self.arrays, "arrays"),
            (self._first, "first"),
            (self._second, "second"),
        ):
            for name, array in targets.items():
                array[...] = unpack(state[key][name])
