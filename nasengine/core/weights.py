"""WeightStore: what trained candidates of one search leave behind for their children."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

Weights = Mapping[str, np.ndarray]


class WeightStore(ABC):
    """The weights of one search's candidates, by number.

    Putting twice is harmless: the same candidate leaves the same weights.
    """

    @abstractmethod
    def get(self, number: int) -> Weights | None:
        """Name -> array of a candidate's trained network, None where it left none."""

    @abstractmethod
    def put(self, number: int, weights: Weights) -> None:
        """Keeps a candidate's weights, whole or not at all."""


class _NoWeights(WeightStore):
    """Keeps nothing."""

    def get(self, number: int) -> Weights | None:
        return None

    def put(self, number: int, weights: Weights) -> None:
        return None


NO_WEIGHTS = _NoWeights()
