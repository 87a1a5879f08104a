"""Covariance of networks' costs: a weighted sum of simple kernels on groups of features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .features import MIN_DEVIATION

OUTLIER_PERCENT = 0.5  # of each end of a known device's costs; measurements contain failures
KNOWN_LOG, KNOWN = "known, logarithm", "known"


@dataclass(frozen=True)
class Scaling:
    """How raw features and costs become standardised ones.

    Attributes:
        moments: Group -> mean and deviation of each of its columns.
        ends: Lowest and highest cost on each known device; others are clipped to them.
    """

    moments: dict[str, tuple[np.ndarray, np.ndarray]]
    ends: tuple[np.ndarray, np.ndarray] | None = None

    @classmethod
    def of(cls, features: Mapping[str, np.ndarray], known: Mapping[str, np.ndarray]) -> Scaling:
        """Return the scaling that standardises these networks."""
        ends = None
        if known:
            percents = (2 * OUTLIER_PERCENT, 100 - OUTLIER_PERCENT)
            low, high = np.percentile(_columns(known), percents, axis=0)
            ends = np.maximum(low, 1e-9), np.maximum(high, 1e-9)
        raw = cls({}, ends).raw(features, known)
        return cls({name: _moments(columns) for name, columns in raw.items()}, ends)

    def raw(
        self, features: Mapping[str, np.ndarray], known: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Return the groups of columns before they are standardised."""
        groups = {name: columns.astype(float) for name, columns in features.items()}
        if self.ends is not None:
            costs = np.clip(_columns(known), *self.ends)
            groups |= {KNOWN_LOG: np.log(costs), KNOWN: costs}
        return groups

    def apply(
        self, features: Mapping[str, np.ndarray], known: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Return the groups of networks, standardised; groups without moments are left out."""
        return {
            name: (columns - self.moments[name][0]) / self.moments[name][1]
            for name, columns in self.raw(features, known).items()
            if name in self.moments
        }

    def to_json(self) -> dict[str, Any]:
        return {
            "moments": {n: [a.tolist(), b.tolist()] for n, (a, b) in self.moments.items()},
            "ends": None if self.ends is None else [end.tolist() for end in self.ends],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Scaling:
        moments = {n: (np.array(a), np.array(b)) for n, (a, b) in value["moments"].items()}
        ends = value["ends"]
        return cls(moments, None if ends is None else (np.array(ends[0]), np.array(ends[1])))


def _columns(known: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.stack([np.asarray(values, float) for values in known.values()], axis=1)


def _moments(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of each column; a constant column has the deviation 1."""
    deviation = columns.std(axis=0)
    return columns.mean(axis=0), np.where(deviation < MIN_DEVIATION, 1.0, deviation)


@dataclass(frozen=True)
class Inputs:
    """The features of all networks, standardised, and the costs on known devices among them.

    Attributes:
        groups: Group -> networks x columns.
        devices: Known devices in the order of the columns of the group "known".
        scaling: How they were standardised.
    """

    groups: dict[str, np.ndarray]
    devices: tuple[str, ...]
    scaling: Scaling = field(default_factory=lambda: Scaling({}))

    @classmethod
    def of(cls, features: Mapping[str, np.ndarray], known: Mapping[str, np.ndarray]) -> Inputs:
        """Return the inputs of networks with their costs on known devices."""
        scaling = Scaling.of(features, known)
        return cls(scaling.apply(features, known), tuple(known), scaling)

    def __len__(self) -> int:
        return len(next(iter(self.groups.values())))

    def components(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return components x len(first) x len(second): covariances at amplitude 1.

        Each group has a linear and a smooth component (squared exponential); a constant is last.
        """
        covariances = []
        for columns in self.groups.values():
            left, right = columns[first], columns[second]
            width = columns.shape[1]
            product = left @ right.T
            squared = (left**2).sum(1)[:, None] + (right**2).sum(1)[None] - 2 * product
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

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "amplitudes": self.amplitudes.tolist()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Hypothesis:
        template = value["template"]
        return cls(
            **{
                **value,
                "amplitudes": np.array(value["amplitudes"]),
                "template": None if template is None else (int(template[0]), float(template[1])),
            }
        )

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
