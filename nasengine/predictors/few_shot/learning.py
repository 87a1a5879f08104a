"""Learn from known devices how costs depend on networks: maximum likelihood for each of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...core.errors import EngineError
from .kernel import Hypothesis, Inputs

LEARNING_NETWORKS = 200  # sampled per known device
TYPICAL, DEVIATION = -2.0, 3.0  # log-normal prior of amplitudes and noise
BOUNDS = (-9.0, 4.0)
OUTLIER = 4.0  # standard deviations
TEMPLATE_AMPLITUDES = (0.1, 0.5)
MODEL_ERRORS = (0.0, 0.02, 0.06, 0.15)  # relative noise of devices when all known ones are modelled


@dataclass(frozen=True)
class Prior:
    """The knowledge from known devices about a new one.

    Attributes:
        inputs: Features of all networks with the known devices' costs.
        hypotheses: Possible dependences of costs on features.
        widening: Factor on standard deviations that makes 90 % intervals hold on known devices.
    """

    inputs: Inputs
    hypotheses: tuple[Hypothesis, ...]
    widening: float = 1.645


def learn_hypotheses(
    features: Mapping[str, np.ndarray], known: Mapping[str, np.ndarray], seed: int = 0
) -> dict[str, Hypothesis]:
    """Return for each known device the hypothesis that explains it best by the others.

    Raises:
        EngineError: there are fewer than two known devices.
    """
    if len(known) < 2:
        raise EngineError(
            f"{len(known)} known devices: a predictor needs at least two, measured or modelled"
        )
    rng = np.random.default_rng(seed)
    learned = {}
    for device, costs in known.items():
        others = {name: values for name, values in known.items() if name != device}
        inputs = Inputs.of(features, others)
        size = min(LEARNING_NETWORKS, len(inputs))
        learned[device] = _explain(
            inputs, np.asarray(costs, float), rng.permutation(len(inputs))[:size]
        )
    return learned


def hypotheses_for(
    learned: Mapping[str, Hypothesis], devices: int, modelled: bool = False
) -> tuple[Hypothesis, ...]:
    """Return the hypotheses for a new device, with and without a known device that it resembles.

    Args:
        learned: The hypothesis of each known device.
        devices: Number of known devices among the features.
        modelled: All known devices are modelled, so nothing tells the noise of measurements.
    """
    count = 1 + devices * len(TEMPLATE_AMPLITUDES)
    plain = [
        replace(hypothesis, relative_noise=hypothesis.relative_noise + error**2)
        for hypothesis in learned.values()
        for error in (MODEL_ERRORS if modelled else (0.0,))
    ]
    resembling = [
        replace(hypothesis, template=(device, amplitude), prior=-math.log(count - 1))
        for hypothesis in plain
        for device in range(devices)
        for amplitude in TEMPLATE_AMPLITUDES
    ]
    return (*plain, *resembling)


def _explain(inputs: Inputs, costs: np.ndarray, sample: np.ndarray) -> Hypothesis:
    """Return the amplitudes and noise under which the sampled costs are most likely."""
    from scipy.optimize import minimize

    values = costs[sample]
    relative = np.clip(values / max(values.mean(), 1e-12), 0, 3) ** 2
    scaled = (values - values.mean()) / max(values.std(), 1e-12)
    scaled = np.clip(scaled, -OUTLIER, OUTLIER)
    components = inputs.components(sample, sample)
    start = np.full(len(components) + 2, TYPICAL)
    found = minimize(
        _negative_log_likelihood,
        start,
        args=(components, scaled, relative),
        jac=True,
        method="L-BFGS-B",
        bounds=[BOUNDS] * len(start),
        options={"maxiter": 60},
    )
    *amplitudes, noise, relative_noise = np.exp(found.x)
    return Hypothesis(np.array(amplitudes), float(noise), float(relative_noise))


def _negative_log_likelihood(
    logs: np.ndarray, components: np.ndarray, values: np.ndarray, relative: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return the negative logarithm of likelihood times prior, and its gradient."""
    weights = np.exp(logs)
    covariance = np.tensordot(weights[:-2], components, 1)
    covariance[np.diag_indices(len(values))] += weights[-2] + weights[-1] * relative + 1e-6
    factor = np.linalg.cholesky(covariance)
    inverse = np.linalg.inv(covariance)
    solved = inverse @ values
    loss = 0.5 * values @ solved + np.log(np.diag(factor)).sum()
    slope = inverse - np.outer(solved, solved)
    diagonal = np.diag(slope)
    gradient = np.concatenate(
        [
            np.tensordot(components, slope, 2),
            [diagonal.sum(), diagonal @ relative],
        ]
    )
    gradient = 0.5 * weights * gradient + (logs - TYPICAL) / DEVIATION**2
    return float(loss + ((logs - TYPICAL) ** 2).sum() / (2 * DEVIATION**2)), gradient
