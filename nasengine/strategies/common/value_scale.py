"""The scale on which a surrogate models the values of an objective."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...pareto.scaling import MAX, exponents


@dataclass(frozen=True)
class Scale:
    """Maps an objective's values to those that a process is fitted to: logarithms, bounded above.

    Values that are not all positive are taken as they are. Values much worse than the median
    become equal, because the differences between good candidates matter.
    """

    logarithmic: bool
    bound: float
    power: int = 0  # values are divided by two to it, so that their squares stay finite

    @classmethod
    def of(cls, values: np.ndarray, clip: float | None) -> Scale:
        logarithmic = bool((values > 0).all())
        power = 0 if logarithmic else int(exponents(np.abs(values).max()))
        mapped = np.log(values) if logarithmic else np.ldexp(values, -power)
        if clip is None:
            return cls(logarithmic, float("inf"), power)
        median = float(np.median(mapped))
        return cls(logarithmic, median + clip * (median - float(mapped.min())) + 1e-9, power)

    def forward(self, values: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", over="ignore"):
            mapped = (
                np.log(np.maximum(values, 0.0))
                if self.logarithmic
                else np.ldexp(values, -self.power)
            )
        return np.minimum(mapped, self.bound)

    def backward(self, mapped: np.ndarray) -> np.ndarray:
        if self.logarithmic:
            return np.exp(np.minimum(mapped, 700.0))
        with np.errstate(over="ignore"):
            return np.clip(np.ldexp(mapped, self.power), -MAX, MAX)
