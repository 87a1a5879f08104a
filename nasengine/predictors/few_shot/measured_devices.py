"""Other measured devices as known ones: their measurements, completed for all networks.

A device that resembles one of the same owner says more about it than any profile. A known device
needs a cost of every network, so what was not measured on it is predicted from what was.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .fitted import FittedPredictor, fitted_to
from .kernel import Inputs
from .learning import Prior, hypotheses_for, learn_hypotheses
from .predictor import learn_prior, predict

MIN_COMMON = 10  # networks that a device must have measured to be a known one
MAX_DEVICES = 3  # each one lengthens the learning by about a tenth
MAX_READ = 100  # measurements from which the rest is predicted; time grows with their cube

Measured = Mapping[int, float]  # number of a network -> measured cost


def usable_devices(measured: Mapping[str, Measured]) -> dict[str, dict[int, float]]:
    """Return the devices with the most measurements that are numbers above 0, and enough."""
    kept = {
        name: {n: cost for n, cost in sorted(costs.items()) if np.isfinite(cost) and cost > 0}
        for name, costs in sorted(measured.items())
    }
    enough = {name: costs for name, costs in kept.items() if len(costs) >= MIN_COMMON}
    ordered = sorted(enough, key=lambda name: -len(enough[name]))
    return {name: enough[name] for name in ordered[:MAX_DEVICES]}


def learn_with_devices(
    features: Mapping[str, np.ndarray],
    modelled: Mapping[str, np.ndarray],
    measured: Mapping[str, Measured],
) -> tuple[Prior, dict[str, FittedPredictor]]:
    """Learn from modelled devices and from others that were measured.

    Args:
        features: Group -> networks x columns.
        modelled: Costs of all networks on modelled devices.
        measured: Measured costs on other devices.

    Returns:
        The prior for a new device; and by name, for each measured device that it includes, a
        predictor of that device's costs for further networks.

    Raises:
        EngineError: there are fewer than two modelled devices.
    """
    known, references = dict(modelled), {}
    usable = usable_devices(measured)
    if usable:
        learned = learn_hypotheses(features, modelled)
        inputs = Inputs.of(features, modelled)
        alone = Prior(inputs, hypotheses_for(learned, len(modelled), modelled=True))
    for name, costs in usable.items():
        numbers, values = np.array(list(costs)), np.array(list(costs.values()))
        read = np.random.default_rng(0).permutation(len(numbers))[:MAX_READ]
        column = predict(alone, numbers[read], values[read]).value
        column[numbers] = values
        known[f"{name}, measured"] = column
        references[f"{name}, measured"] = fitted_to(alone, numbers[read], values[read])
    return learn_prior(features, known, modelled=True), references
