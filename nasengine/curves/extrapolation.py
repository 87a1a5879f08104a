"""The last value of a learning curve, predicted from its beginning."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .features import curve_features
from .models import CurveModel, GaussianProcessModel

CONSTANT = 1e-12  # smaller standard deviations are rounding errors
MIN_CURVES = 6  # two for each fold of a cross-validation


@dataclass(frozen=True)
class Prediction:
    """A predicted last value: mean and standard deviation of a normal distribution."""

    value: float
    deviation: float

    def chance_below(self, bar: float) -> float:
        """Return the probability that the last value is below `bar`."""
        if math.isinf(bar):
            return float(bar > 0)
        if not self.deviation:
            return float(self.value < bar)
        return 0.5 * math.erfc((self.value - bar) / (self.deviation * math.sqrt(2)))

    def to_json(self) -> dict[str, float]:
        return {"value": self.value, "deviation": self.deviation}


class CurveExtrapolation:
    """Sequential regression models: one model for each number of seen epochs.

    The models are fitted to complete curves when they are first needed.

    Args:
        curves: n x T complete curves, the values after epochs 1 to T.
        facts: n x k facts about the trainings, see `curve_features`.
        make: Creates an unfitted model.
        seed: Seed of the models.

    Raises:
        ValueError: fewer than MIN_CURVES curves.
    """

    def __init__(
        self,
        curves: np.ndarray,
        facts: np.ndarray,
        make: Callable[[], CurveModel] = GaussianProcessModel,
        seed: int = 0,
    ):
        if len(curves) < MIN_CURVES:
            raise ValueError(f"needs at least {MIN_CURVES} complete curves (got {len(curves)})")
        self._curves = np.asarray(curves, dtype=float)
        self._facts = np.asarray(facts, dtype=float).reshape(len(curves), -1)
        self._make = make
        self._seed = seed
        self._fitted: dict[int, tuple[CurveModel, Scaling, Scaling]] = {}

    def predict(self, curves: np.ndarray, facts: np.ndarray) -> list[Prediction]:
        """Return the predicted last value of each curve.

        Args:
            curves: m x t, the values so far; t is less than the number of all epochs.
            facts: m x k, as for the complete curves.
        """
        curves = np.asarray(curves, dtype=float)
        model, inputs, outputs = self._model(curves.shape[1])
        features = curve_features(curves, np.asarray(facts, dtype=float).reshape(len(curves), -1))
        means, deviations = model.predict(inputs.apply(features))
        scale = float(outputs.scale[0]) if np.isfinite(outputs.scale[0]) else 0.0
        values = means * scale + float(outputs.centre[0])
        return [
            Prediction(float(value), float(deviation) * scale)
            for value, deviation in zip(values, deviations, strict=True)
        ]

    def _model(self, seen: int) -> tuple[CurveModel, Scaling, Scaling]:
        if seen not in self._fitted:
            features = curve_features(self._curves[:, :seen], self._facts)
            last = self._curves[:, -1:]
            inputs, outputs = Scaling.of(features), Scaling.of(last)
            model: Any = self._make()
            model.fit(inputs.apply(features), outputs.apply(last)[:, 0], self._seed)
            self._fitted[seen] = model, inputs, outputs
        return self._fitted[seen]


@dataclass(frozen=True)
class Scaling:
    """Standardisation of columns: mean 0 and standard deviation 1.

    A column that is constant in the examples becomes 0 everywhere: nothing was learned about it.
    """

    centre: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Scaling:
        centre, scale = values.mean(axis=0), values.std(axis=0)
        varies = scale > CONSTANT * np.maximum(np.abs(centre), 1.0)
        return cls(centre, np.where(varies, scale, np.inf))

    def apply(self, values: np.ndarray) -> np.ndarray:
        return (values - self.centre) / self.scale
