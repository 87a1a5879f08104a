"""A prediction of cheap costs, so that children that would violate a constraint are redrawn."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.architecture import Architecture
from ...core.objective import Constraint
from ...core.outcome import Outcome
from ...core.space import Space
from .packed_tokens import pack_tokens, unpack_tokens

Feature = tuple[int, int]  # position, or -1 for any, and token

MAX_EXAMPLES = 256  # the newest ones
MIN_EXAMPLES = 8
RIDGE = 1e-3
TOLERANCE = 0.02  # many architectures may have exactly the cost that is the bound
STORED_DIGITS = 9


@dataclass(frozen=True)
class LinearModel:
    """Bayesian ridge regression on features, in its dual form: n examples, d features.

    `matrix` is n x d, `inverse` n x n the inverse of its kernel with noise, `spread` the standard
    deviation of a feature's weight.
    """

    columns: dict[Feature, int]
    matrix: np.ndarray
    inverse: np.ndarray
    weights: np.ndarray
    offset: float
    spread: float

    def optimistic(self, features: Sequence[Feature], comparison: str) -> float:
        """Return the prediction, moved toward the bound by its standard deviation.

        Options that have hardly been tried are uncertain, so they are tried instead of being
        excluded by the few candidates that had them.
        """
        row = np.zeros(len(self.columns))
        for feature in features:
            if feature in self.columns:
                row[self.columns[feature]] += 1
        similar = self.matrix @ row
        mean = self.offset + float(row @ self.weights)
        variance = max(len(features) - float(similar @ self.inverse @ similar), 0.0)
        deviation = self.spread * variance**0.5
        return mean - deviation if "<" in comparison else mean + deviation


class FeasibilityModel:
    """Predicts the costs that constraints bound from an architecture's tokens.

    It learns from every candidate whose costs are measured and predicts only costs that have
    excluded a candidate from training: those are cheap and follow from the architecture. Until
    a candidate has been excluded, or in a space without tokens, every architecture is predicted
    to be feasible.
    """

    def __init__(self, space: Space, constraints: Sequence[Constraint]):
        self._space = space
        self._constraints = tuple(constraints) if "tokens" in space.capabilities else ()
        self._examples: list[tuple[tuple[int, ...], dict[str, float]]] = []
        self._excluding: set[str] = set()  # objectives that excluded a candidate
        self._fitted: dict[str, LinearModel] | None = None

    def record(self, architecture: Architecture, outcome: Outcome) -> None:
        """Learn the measured costs of a candidate."""
        bounded = {constraint.objective for constraint in self._constraints}
        # Rounded as they are stored, so that a restored model predicts the same.
        costs = {
            name: float(f"{value:.{STORED_DIGITS}g}")
            for name, value in outcome.values.items()
            if name in bounded
        }
        if not costs or outcome.state not in ("done", "pruned"):
            return
        if outcome.state == "pruned":
            self._excluding |= {
                constraint.objective
                for constraint in self._constraints
                if constraint.objective in costs
                and constraint.violation(costs[constraint.objective])
            }
        example = (tuple(self._space.tokens(architecture)), costs)
        self._examples = [*self._examples, example][-MAX_EXAMPLES:]
        self._fitted = None

    @property
    def is_active(self) -> bool:
        """Whether constraints have excluded candidates and there is enough to learn from."""
        return bool(self._excluding) and len(self._examples) >= MIN_EXAMPLES

    def violation(self, architecture: Architecture) -> float:
        """Return the predicted violation; 0 if feasible or unknown."""
        if not self.is_active:
            return 0.0
        if self._fitted is None:
            self._fitted = {name: self._fit(name) for name in sorted(self._excluding)}
        features = _features(self._space.tokens(architecture))
        excess = sum(
            constraint.violation(
                self._fitted[constraint.objective].optimistic(features, constraint.comparison)
            )
            for constraint in self._constraints
            if constraint.objective in self._fitted
        )
        return excess if excess > TOLERANCE else 0.0

    def state_dict(self) -> dict[str, Any]:
        """Return the examples as JSON; nothing before the first one."""
        if not self._examples:
            return {}
        return {
            "examples": [[pack_tokens(tokens), dict(costs)] for tokens, costs in self._examples],
            "excluding": sorted(self._excluding),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self._examples = [
            (unpack_tokens(packed), {name: float(cost) for name, cost in costs.items()})
            for packed, costs in state.get("examples", [])
        ]
        self._excluding = set(state.get("excluding", []))
        self._fitted = None

    def _fit(self, name: str) -> LinearModel:
        """Fit one cost."""
        examples = [(tokens, costs[name]) for tokens, costs in self._examples if name in costs]
        rows = [_features(tokens) for tokens, _ in examples]
        columns = {feature: i for i, feature in enumerate(dict.fromkeys(itertools.chain(*rows)))}
        matrix = np.zeros((len(rows), len(columns)))
        for row, features in zip(matrix, rows, strict=True):
            for feature in features:
                row[columns[feature]] += 1
        values = np.array([value for _, value in examples])
        offset, spread = float(values.mean()), float(values.std()) / len(rows[0]) ** 0.5
        inverse = np.linalg.inv(matrix @ matrix.T + RIDGE * len(rows) * np.eye(len(rows)))
        weights = matrix.T @ (inverse @ (values - offset))
        return LinearModel(columns, matrix, inverse, weights, offset, spread)


def _features(tokens: Sequence[int]) -> list[Feature]:
    """Return each token with its position, and each token without it, since lengths may differ."""
    return [*enumerate(tokens), *((-1, token) for token in tokens)]
