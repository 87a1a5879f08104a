"""Covariance of networks' costs: a weighted sum of simple kernels on groups of features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .features import standardised

OUTLIER_PERCENT = 0.5  # of each end of a known device's costs; measurements contain failures
KNOWN_LOG, KNOWN = "known, logarithm", "known"


@dataclass(frozen=True)
class Inputs:
    """The features of all networks, standardised, and the costs on known devices among them.

    Attributes:
        groups: Group -> networks x columns.
        devices: Known devices in the order of the columns of the group "known".
    """

    groups: dict[str, np.ndarray]
    devices: tuple[str, ...]

    @classmethod
    def of(cls, features: Mapping[str, np.ndarray], known: Mapping[str, np.ndarray]) -> Inputs:
        """Return the inputs of networks with their costs on known devices."""
        groups = {name: standardised(columns.astype(float)) for name, columns in features.items()}
        if known:
            costs = np.stack([np.asarray(values, float) for values in known.values()], axis=1)
            ends = (2 * OUTLIER_PERCENT, 100 - OUTLIER_PERCENT)
            low, high = np.percentile(costs, ends, axis=0)
            costs = np.clip(costs, np.maximum(low, 1e-9), np.maximum(high, 1e-9))
            groups[KNOWN_LOG] = standardised(np.log(costs))
            groups[KNOWN] = standardised(costs)
        return cls(groups, tuple(known))

    def __len__(self) -> int:
        return len(next(iter(self.groups.values())))

    def components(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return components x len(first) x len(second): covariances at amplitude 1.

        Each group has a linear and a smooth component (squared exponential); a constant is last.
        """
        covariances = []
        for columns in self.groups.values():
            one, other = columns[first], columns[second]
            width = columns.shape[1]
            product = one @ other.T
            squared = (one**2).sum(1)[:, None] + (other**2).sum(1)[None] - 2 * product
            covariances += [product / width, np.exp(-np.maximum(squared, 0) / (2 * width))]
        covariances.append(np.ones((len(first), len(second))))
        return np.stack(covariances)

    def resemblance(self, device: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return the covariance of costs that are proportional to a known device's."""
        column = self.groups[KNOWN][:, device]
        return np.outer(column[first], column[second])


@dataclass(frozen=True)
class Hypothesis:
    """How the costs of a device may depend on the features of networks.

    Attributes:
        amplitudes: Variance of each component.
        noise: Variance of the measurement noise that is the same for all networks.
        relative_noise: Variance of the noise that grows with the cost.
        template: Number of a known device that the new one resembles, and the amplitude.
        prior: Logarithm of its probability before anything was measured.
    """

    amplitudes: np.ndarray
    noise: float
    relative_noise: float
    template: tuple[int, float] | None = None
    prior: float = 0.0

    def covariance(
        self, inputs: Inputs, components: np.ndarray, first: np.ndarray, second: np.ndarray
    ) -> np.ndarray:
        """Return len(first) x len(second) covariances in units of the device's scale."""
        total = np.tensordot(self.amplitudes, components, 1)
        if self.template is not None:
            device, amplitude = self.template
            total += amplitude * inputs.resemblance(device, first, second)
        return total

    def noise_at(self, relative_cost: np.ndarray) -> np.ndarray:
        """Return the noise variance of networks from their cost relative to the mean cost."""
        return self.noise + self.relative_noise * np.clip(relative_cost, 0, 3) ** 2 + 1e-5
