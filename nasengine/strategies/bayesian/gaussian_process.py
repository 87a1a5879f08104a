"""Gaussian process on architectures whose kernel is a weighted sum over decisions, graph and size.

With scores of a proxy there is a fourth part.

The graph part is the Weisfeiler-Lehman kernel of Ru, Wan, Dong and Osborne, Interpretable Neural
Architecture Search via Bayesian Optimisation with Weisfeiler-Lehman Kernels (2006.07556), with
operations on edges and at most one step. Weights and noise maximise the marginal likelihood.
"""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
from scipy.linalg import solve_triangular

from .features import Features

WEIGHTS = (0.0, 0.3, 1.0)
NOISES = (1e-3, 1e-2, 5e-2)
DECAY = 3.0  # of the decisions' kernel from equal to entirely different sequences
SIZE_SCALE = 0.5  # length scale of the size, in standard deviations of its logarithm
SCORE_SCALE = 0.7  # length scale of a proxy's scores, in their standard deviations
MAX_TUNED = 120  # examples from which weights are chosen


@cache
def grid(kernels: int) -> tuple[np.ndarray, ...]:
    """Return the weights of so many kernels that are tried."""
    return tuple(
        np.array(weights)
        for weights in itertools.product(WEIGHTS, repeat=kernels)
        if max(weights) == max(WEIGHTS)
    )


def kernels(first: Features, second: Features, spread: float) -> np.ndarray:
    """Return the three kernels of n and m architectures, 3 x n x m.

    Args:
        first: Features of n architectures.
        second: Features of m architectures, with as many columns of tokens.
        spread: Standard deviation of the logarithm of the sizes.
    """
    longest = max(first.tokens.shape[1], 1)
    different = np.zeros((len(first.sizes), len(second.sizes)))
    for one, other in zip(first.tokens.T, second.tokens.T, strict=True):
        different += one[:, None] != other[None]
    graph = first.operations @ second.operations.T + first.contexts @ second.contexts.T
    distance = np.log1p(first.sizes)[:, None] - np.log1p(second.sizes)[None]
    return np.stack(
        [
            np.exp(-DECAY / longest * different),
            graph.astype(float) / 2,
            np.exp(-0.5 * (distance / (SIZE_SCALE * spread)) ** 2),
        ]
    )


def score_kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the kernel of n and m standardised scores of a proxy, n x m."""
    similar: np.ndarray = np.exp(-0.5 * ((first[:, None] - second[None]) / SCORE_SCALE) ** 2)
    return similar


def spread_of(sizes: np.ndarray) -> float:
    """Return the standard deviation of the logarithm of sizes; 1 if all are equal."""
    return float(np.log1p(sizes).std()) or 1.0


class GaussianProcess:
    """Regression of standardised targets.

    Args:
        within: Kernels of the n examples, k x n x n.
        targets: n numbers.
        weights: Weights of the kernels; default: those of the largest marginal likelihood.
        noise: Variance of the noise as a share of the kernel's; with `weights`.
    """

    def __init__(
        self,
        within: np.ndarray,
        targets: np.ndarray,
        weights: np.ndarray | None = None,
        noise: float = NOISES[0],
    ):
        self._offset = float(targets.mean())
        self._scale = float(targets.std()) or 1.0
        scaled = (targets - self._offset) / self._scale
        if weights is None:
            tuned = slice(max(len(targets) - MAX_TUNED, 0), None)
            weights, noise = chosen_weights(within[:, tuned, tuned], scaled[tuned])
        self.weights, self.noise = weights, noise
        self._factor = _factor(within, weights, noise)
        self._whitened = solve_triangular(self._factor, scaled, lower=True)
        self._variance = float(self._whitened @ self._whitened) / len(targets)

    def predict(self, across: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return means and standard deviations of m architectures, in the units of the targets.

        Args:
            across: Kernels of m architectures with the n examples, k x m x n.
        """
        similar = np.tensordot(self.weights, across, 1)
        whitened = solve_triangular(self._factor, similar.T, lower=True)
        variance = self._variance * (self.weights.sum() - (whitened**2).sum(axis=0))
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
