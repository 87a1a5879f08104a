"""Predict the costs of all networks on a new device from a few measured ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...core.errors import EngineError
from .choice import choose_networks
from .kernel import Hypothesis, Inputs
from .learning import Prior, hypotheses_for, learn_hypotheses

OFFSET = 3.0  # variance of the unknown mean cost, in units of the device's scale
NEGLIGIBLE = 0.002  # hypotheses with a smaller probability are left out
LOWEST = 0.3  # share of the lowest measured cost: no prediction is below it
CALIBRATION_NETWORKS = 500
MEASUREMENTS = 10
COVERAGE = 0.9


@dataclass(frozen=True)
class Prediction:
    """Costs of all networks on the new device.

    Attributes:
        value: Expected cost of each network, in the unit of the measurements.
        low: Lower end of the 90 % interval.
        high: Upper end of the 90 % interval.
        deviation: Standard deviation, noise of one measurement included.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    deviation: np.ndarray


def learn_prior(
    features: Mapping[str, np.ndarray],
    known: Mapping[str, np.ndarray],
    modelled: bool = False,
    seed: int = 0,
) -> Prior:
    """Learn what known devices tell about new ones, and how wide intervals must be.

    The width is calibrated by treating each known device as new: ten networks of it are chosen
    and measured, and the 90 % quantile of the errors is taken in units of standard deviations;
    the median over the known devices counts, because measurements of some contain failures.

    Args:
        features: Group -> networks x columns.
        known: Costs of all networks on each known device, measured or modelled.
        modelled: All known devices are modelled.
        seed: Decides the samples.

    Raises:
        EngineError: there are fewer than two known devices.
    """
    learned = learn_hypotheses(features, known, seed)
    quantiles = []
    for device, costs in known.items():
        others = {name: values for name, values in known.items() if name != device}
        rest = {name: hypothesis for name, hypothesis in learned.items() if name != device}
        # Without the device there is one column less, but the groups are the same.
        hypotheses = hypotheses_for(rest, len(others), modelled)
        prior = Prior(Inputs.of(features, others), hypotheses)
        ratios = _error_ratios(prior, np.asarray(costs, float), seed)
        quantiles.append(np.quantile(ratios, COVERAGE))
    inputs = Inputs.of(features, known)
    widening = float(np.median(quantiles))
    return Prior(inputs, hypotheses_for(learned, len(known), modelled), widening)


def predict(
    prior: Prior,
    measured: np.ndarray,
    costs: np.ndarray,
    networks: np.ndarray | None = None,
) -> Prediction:
    """Return the costs of networks given those of a few.

    Args:
        prior: The knowledge from known devices.
        measured: Numbers of the measured networks.
        costs: Their measured costs.
        networks: Numbers of the networks to predict; None: all.

    Raises:
        EngineError: fewer than three networks were measured, or a cost is not a positive number.
    """
    costs = np.asarray(costs, float)
    if len(costs) < 3 or not (np.isfinite(costs).all() and (costs > 0).all()):
        raise EngineError("a prediction needs at least three measured costs, all above 0")
    networks = np.arange(len(prior.inputs)) if networks is None else networks
    fits, weights = _weighed(prior, measured, costs)
    components = prior.inputs.components(networks, measured)
    mean = np.zeros(len(networks))
    square = np.zeros(len(networks))
    for fit, weight in zip(fits, weights, strict=True):
        if weight:
            value, variance = fit.at(prior.inputs, components, networks, measured)
            mean += weight * value
            square += weight * (variance + value**2)
    deviation = np.sqrt(np.maximum(square - mean**2, (1e-4 * costs.mean()) ** 2))
    value = np.maximum(mean, LOWEST * costs.min())
    reach = prior.widening * deviation
    return Prediction(value, np.maximum(value - reach, 0.0), value + reach, deviation)


def likely_hypotheses(
    prior: Prior, measured: np.ndarray, costs: np.ndarray
) -> tuple[Hypothesis, ...]:
    """Return the hypotheses that these measurements leave possible: `predict` reads no others."""
    _, weights = _weighed(prior, measured, np.asarray(costs, float))
    return tuple(
        hypothesis for hypothesis, weight in zip(prior.hypotheses, weights, strict=True) if weight
    )


def _weighed(
    prior: Prior, measured: np.ndarray, costs: np.ndarray
) -> tuple[list[_Fit], np.ndarray]:
    """Return each hypothesis with the measurements, and their probabilities."""
    own = prior.inputs.components(measured, measured)
    fits = [
        _Fit.of(hypothesis, prior.inputs, own, measured, costs) for hypothesis in prior.hypotheses
    ]
    evidence = np.array([fit.evidence for fit in fits])
    weights = np.exp(evidence - evidence.max())
    weights[weights < NEGLIGIBLE * weights.sum()] = 0
    weights /= weights.sum()
    return fits, weights


@dataclass(frozen=True)
class _Fit:
    """A hypothesis with the measurements; its scale is the most likely one."""

    hypothesis: Hypothesis
    inverse: np.ndarray
    solved: np.ndarray
    mean: float
    scale: float
    evidence: float

    @classmethod
    def of(
        cls,
        hypothesis: Hypothesis,
        inputs: Inputs,
        components: np.ndarray,
        measured: np.ndarray,
        costs: np.ndarray,
    ) -> _Fit:
        mean = float(costs.mean())
        covariance = hypothesis.covariance(inputs, components, measured, measured) + OFFSET
        covariance[np.diag_indices(len(costs))] += hypothesis.noise_at(costs / mean)
        inverse = np.linalg.inv(covariance)
        solved = inverse @ (costs - mean)
        scale = max(float((costs - mean) @ solved) / len(costs), (1e-6 * mean) ** 2)
        logarithm = float(np.linalg.slogdet(covariance)[1])
        evidence = hypothesis.prior - 0.5 * (len(costs) * math.log(scale) + logarithm)
        return cls(hypothesis, inverse, solved, mean, scale, evidence)

    def at(
        self, inputs: Inputs, components: np.ndarray, networks: np.ndarray, measured: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and variance of a measurement of each network."""
        hypothesis = self.hypothesis
        across = hypothesis.covariance(inputs, components, networks, measured) + OFFSET
        value = across @ self.solved + self.mean
        before = _own_variance(hypothesis, inputs, networks) + OFFSET
        after = np.maximum(before - ((across @ self.inverse) * across).sum(axis=1), 0.0)
        return value, self.scale * (after + hypothesis.noise_at(value / self.mean))


def _own_variance(hypothesis: Hypothesis, inputs: Inputs, networks: np.ndarray) -> np.ndarray:
    """Return the variance of each network before any measurement."""
    amplitudes = iter(hypothesis.amplitudes)
    total = np.zeros(len(networks))
    for columns in inputs.groups.values():
        linear, smooth = next(amplitudes), next(amplitudes)
        total += linear * (columns[networks] ** 2).mean(axis=1) + smooth
    total += next(amplitudes)
    if hypothesis.template is not None:
        device, amplitude = hypothesis.template
        total += amplitude * inputs.groups["known"][networks, device] ** 2
    return total


def _error_ratios(prior: Prior, costs: np.ndarray, seed: int) -> np.ndarray:
    """Return errors in standard deviations when a known device is treated as new."""
    chosen = choose_networks(prior, MEASUREMENTS, seed)
    chosen = chosen[costs[chosen] > 0]
    rng = np.random.default_rng(seed)
    others = np.setdiff1d(rng.permutation(len(costs))[:CALIBRATION_NETWORKS], chosen)
    prediction = predict(replace(prior, widening=1.0), chosen, costs[chosen], others)
    ratios: np.ndarray = np.abs(costs[others] - prediction.value) / prediction.deviation
    return ratios
