"""A predictor that is fitted to a device, with its validation; it can be kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .kernel import Hypothesis, Inputs, Scaling
from .learning import Prior
from .predictor import Prediction, likely_hypotheses, predict
from .validation import LeftOut, Validation, leave_one_out, validate, widened


@dataclass(frozen=True)
class FittedPredictor:
    """The state that is needed to predict a cost of further networks on a measured device.

    Attributes:
        scaling: How features are standardised.
        devices: Known devices whose costs are features.
        hypotheses: Those that the measurements leave possible.
        widening: Factor on standard deviations of the 90 % intervals.
        measured: Standardised features of the measured networks by group.
        costs: Their measured costs.
        references: Predictors of those of `devices` that were measured and are not modelled.
    """

    scaling: Scaling
    devices: tuple[str, ...]
    hypotheses: tuple[Hypothesis, ...]
    widening: float
    measured: dict[str, np.ndarray]
    costs: np.ndarray
    references: dict[str, FittedPredictor] = field(default_factory=dict)

    def predict(
        self, features: Mapping[str, np.ndarray], known: Mapping[str, np.ndarray]
    ) -> Prediction:
        """Return the costs of networks.

        Args:
            features: Group -> networks x columns, with the groups that it was fitted to.
            known: Costs of the networks on each of `devices` that is modelled.
        """
        completed = {
            name: reference.predict(features, known).value
            for name, reference in self.references.items()
        }
        known = {**known, **completed}
        new = self.scaling.apply(features, {name: known[name] for name in self.devices})
        groups = {name: np.concatenate([old, new[name]]) for name, old in self.measured.items()}
        prior = Prior(Inputs(groups, self.devices), self.hypotheses, self.widening)
        count = len(self.costs)
        return predict(prior, np.arange(count), self.costs, np.arange(count, len(prior.inputs)))

    def to_json(self) -> dict[str, Any]:
        return {
            "scaling": self.scaling.to_json(),
            "devices": list(self.devices),
            "hypotheses": [hypothesis.to_json() for hypothesis in self.hypotheses],
            "widening": self.widening,
            "measured": {name: columns.tolist() for name, columns in self.measured.items()},
            "costs": self.costs.tolist(),
            "references": {
                name: reference.to_json() for name, reference in self.references.items()
            },
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> FittedPredictor:
        return cls(
            Scaling.from_json(value["scaling"]),
            tuple(value["devices"]),
            tuple(Hypothesis.from_json(hypothesis) for hypothesis in value["hypotheses"]),
            value["widening"],
            {name: np.array(columns) for name, columns in value["measured"].items()},
            np.array(value["costs"]),
            # States of earlier versions have none.
            {
                name: cls.from_json(reference)
                for name, reference in value.get("references", {}).items()
            },
        )


def fitted_to(
    prior: Prior,
    measured: np.ndarray,
    costs: np.ndarray,
    references: Mapping[str, FittedPredictor] | None = None,
) -> FittedPredictor:
    """Return the predictor of further networks; arguments as in `fit`."""
    inputs = prior.inputs
    return FittedPredictor(
        inputs.scaling,
        inputs.devices,
        likely_hypotheses(prior, measured, costs),
        prior.widening,
        {name: columns[measured] for name, columns in inputs.groups.items()},
        costs,
        dict(references or {}),
    )


def fit(
    prior: Prior,
    measured: np.ndarray,
    costs: np.ndarray,
    references: Mapping[str, FittedPredictor] | None = None,
) -> tuple[Prediction, FittedPredictor, Validation, LeftOut]:
    """Fit a predictor to the measured networks of a device.

    Args:
        prior: The knowledge from known devices.
        measured: Numbers of the measured networks.
        costs: Their measured costs.
        references: Predictors of the known devices that were measured.

    Returns:
        The costs of all networks, the predictor for further ones, its validation, and the
        predictions of left-out networks that the validation is about.

    Raises:
        EngineError: fewer than four networks were measured, or a cost is not a positive number.
    """
    costs = np.asarray(costs, float)
    left_out = leave_one_out(prior, measured, costs)
    wide = widened(prior, left_out)
    fitted = fitted_to(wide, measured, costs, references)
    return predict(wide, measured, costs), fitted, validate(prior, left_out), left_out
