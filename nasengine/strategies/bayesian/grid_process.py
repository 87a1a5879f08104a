"""Gaussian process whose kernel is a weighted sum over decisions, graph, size and a proxy's scores.

Searches of releases without the features of paths go on with it. The weights, which may be zero,
and the noise are those of a grid with the largest marginal likelihood.
"""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
from scipy.linalg import solve_triangular

from .features import Features
from .gaussian_process import MAX_TUNED, kernels

WEIGHTS = (0.0, 0.3, 1.0)
NOISES = (1e-3, 1e-2, 5e-2)
SIZE_SCALE = 0.5  # length scale of the size, in standard deviations of its logarithm
SCORE_SCALE = 0.7  # length scale of a proxy's scores, in their standard deviations

Scores = tuple[np.ndarray, np.ndarray] | None


@cache
def grid(kernels: int) -> tuple[np.ndarray, ...]:
    """Return the weights of so many kernels that are tried."""
    return tuple(
        np.array(weights)
        for weights in itertools.product(WEIGHTS, repeat=kernels)
        if max(weights) == max(WEIGHTS)
    )


def size_kernels(
    first: Features, second: Features, reference: Features, scores: Scores
) -> np.ndarray:
    """Return the kernels of decisions, graph and size of n and m architectures, k x n x m.

    Args:
        first: Features of n architectures.
        second: Features of m architectures, with as many columns of tokens.
        reference: Features of the measured architectures.
        scores: Standard normal scores of a proxy for the n and the m, for a further kernel; None:
            there are none.
    """
    distance = np.log1p(first.sizes)[:, None] - np.log1p(second.sizes)[None]
    size = np.exp(-0.5 * (distance / (SIZE_SCALE * spread_of(reference.sizes))) ** 2)
    found = np.concatenate([kernels(first, second), size[None]])
    if scores is None:
        return found
    difference = scores[0][:, None] - scores[1][None]
    return np.concatenate([found, np.exp(-0.5 * (difference / SCORE_SCALE) ** 2)[None]])


def spread_of(sizes: np.ndarray) -> float:
    """Return the standard deviation of the logarithm of sizes; 1 if all are equal."""
    return float(np.log1p(sizes).std()) or 1.0


class GridProcess:
    """Regression of standardised targets.

    Args:
        given: Kernels of the n examples, k x n x n.
        inputs: Not used.
        targets: n numbers.
        parameters: Weights of the kernels, and the variance of the noise as a share of the
            kernel's; default: those of the largest marginal likelihood.
    """

    def __init__(
        self,
        given: np.ndarray,
        inputs: np.ndarray,
        targets: np.ndarray,
        parameters: tuple[np.ndarray, float] | None = None,
    ):
        self._offset = float(targets.mean())
        self._scale = float(targets.std()) or 1.0
        scaled = (targets - self._offset) / self._scale
        if parameters is None:
            tuned = slice(max(len(targets) - MAX_TUNED, 0), None)
            parameters = chosen_weights(given[:, tuned, tuned], scaled[tuned])
        self.parameters = parameters
        self._factor = _factor(given, *parameters)
        self._whitened = solve_triangular(self._factor, scaled, lower=True)
        self._variance = float(self._whitened @ self._whitened) / len(targets)

    def predict(self, given: np.ndarray, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return means and standard deviations of m architectures, in the units of the targets.

        Args:
            given: Kernels of m architectures with the n examples, k x m x n.
            inputs: Not used.
        """
        weights, _ = self.parameters
        similar = np.tensordot(weights, given, 1)
        whitened = solve_triangular(self._factor, similar.T, lower=True)
        variance = self._variance * (weights.sum() - (whitened**2).sum(axis=0))
        deviation = np.sqrt(np.maximum(variance, 1e-9))
        mean = whitened.T @ self._whitened
        return self._offset + self._scale * mean, self._scale * deviation


def chosen_weights(within: np.ndarray, scaled: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the weights and the noise of the largest marginal likelihood.

    The variance of the process is its own maximum for each choice.
    """
    count = len(scaled)
    choices = list(itertools.product(grid(len(within)), NOISES))
    stacked = np.zeros((len(choices), count + 1, count + 1))
    stacked[:, :count, :count] = np.tensordot(np.array([w for w, _ in choices]), within, 1)
    ridges = np.array([noise * weights.sum() for weights, noise in choices])
    diagonal = np.arange(count)
    stacked[:, diagonal, diagonal] += ridges[:, None]
    # With the targets as a further row, the last row of the factor holds the whitened targets.
    stacked[:, count, :count] = stacked[:, :count, count] = scaled
    stacked[:, count, count] = 2 * float(scaled @ scaled) / ridges + 1
    factors = np.linalg.cholesky(stacked)
    whitened = (factors[:, count, :count] ** 2).sum(axis=1)
    logarithms = np.log(np.diagonal(factors, axis1=1, axis2=2)[:, :count]).sum(axis=1)
    variances = np.maximum(whitened / count, 1e-12)
    return choices[int(np.argmax(-0.5 * count * np.log(variances) - logarithms))]


def _factor(within: np.ndarray, weights: np.ndarray, noise: float) -> np.ndarray:
    """Return the Cholesky factor of the kernel with noise."""
    total = np.tensordot(weights, within, 1)
    total[np.diag_indices_from(total)] += noise * weights.sum()
    factor: np.ndarray = np.linalg.cholesky(total)
    return factor
