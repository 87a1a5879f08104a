"""Gaussian process on architectures.

Its kernel is a weighted sum of three: one of the decisions, one of the graph, and one of numbers
that describe the paths, the size and what a proxy says. The graph kernel is the Weisfeiler-Lehman
kernel of Ru, Wan, Dong and Osborne, Interpretable Neural Architecture Search via Bayesian
Optimisation with Weisfeiler-Lehman Kernels (2006.07556), with operations on edges and at most one
step. The kernel of numbers is a squared exponential with a length scale for each of them.

Weights, length scales and noise maximise the posterior density under log-normal priors. The median
of the prior of the length scales is proportional to the square root of their number: Hvarfner,
Hellsten and Nardi, Vanilla Bayesian Optimization Performs Great in High Dimensions (2402.02229).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import minimize

from .features import Features

DECAY = 3.0  # of the decisions' kernel from equal to entirely different sequences
MAX_TUNED = 120  # examples that parameters are fitted to
ITERATIONS = 60
JITTER = 1e-6
# Median and standard deviation (of the logarithm) of the priors; targets have variance 1.
WEIGHT_PRIOR = (0.3, 1.5)
NOISE_PRIOR = (0.02, 1.0)
SCALE_PRIOR = (3**-0.5, 1.0)  # times the root of the number of inputs
BOUNDS = {"weight": (1e-3, 50.0), "scale": (0.05, 400.0), "noise": (1e-4, 2.5)}


@dataclass(frozen=True)
class Parameters:
    """Weights, length scales and noise of a process.

    Attributes:
        weights: Weights of the given kernels and, last, of the kernel of the inputs, k + 1.
        scales: Length scales of the inputs, d.
        noise: Variance of the noise.
    """

    weights: np.ndarray
    scales: np.ndarray
    noise: float

    @property
    def variance(self) -> float:
        """Prior variance of one value without noise."""
        return float(self.weights.sum())

    def kernel(self, given: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return the kernel of n and m architectures, n x m.

        Args:
            given: Their k given kernels, k x n x m.
            first: Inputs of the n, n x d.
            second: Inputs of the m, m x d.
        """
        left, right = first / self.scales, second / self.scales
        squares = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2 * left @ right.T
        similar: np.ndarray = np.tensordot(self.weights[:-1], given, 1)
        return similar + self.weights[-1] * np.exp(-0.5 * np.maximum(squares, 0.0))


def kernels(first: Features, second: Features) -> np.ndarray:
    """Return the kernels of decisions and graph of n and m architectures, 2 x n x m.

    Args:
        first: Features of n architectures.
        second: Features of m architectures, with as many columns of tokens.
    """
    longest = max(first.tokens.shape[1], 1)
    different = np.zeros((len(first.sizes), len(second.sizes)))
    for tokens, other in zip(first.tokens.T, second.tokens.T, strict=True):
        different += tokens[:, None] != other[None]
    graph = first.operations @ second.operations.T + first.contexts @ second.contexts.T
    return np.stack([np.exp(-DECAY / longest * different), graph.astype(float) / 2])


class GaussianProcess:
    """Regression of standardised targets.

    Args:
        given: Kernels of the n examples, k x n x n.
        inputs: Numbers that describe the n examples, n x d.
        targets: n numbers.
        parameters: Default: those of the largest posterior density.
    """

    def __init__(
        self,
        given: np.ndarray,
        inputs: np.ndarray,
        targets: np.ndarray,
        parameters: Parameters | None = None,
    ):
        self._offset = float(targets.mean())
        self._scale = float(targets.std()) or 1.0
        self._inputs = inputs
        scaled = (targets - self._offset) / self._scale
        if parameters is None:
            tuned = slice(max(len(targets) - MAX_TUNED, 0), None)
            parameters = most_probable(given[:, tuned, tuned], inputs[tuned], scaled[tuned])
        self.parameters = parameters
        total = parameters.kernel(given, inputs, inputs)
        total[np.diag_indices_from(total)] += parameters.noise + JITTER
        self._factor = np.linalg.cholesky(total)
        self._whitened = solve_triangular(self._factor, scaled, lower=True)

    def predict(self, given: np.ndarray, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return means and standard deviations of m architectures, in the units of the targets.

        Args:
            given: Kernels of m architectures with the n examples, k x m x n.
            inputs: Their numbers, m x d.
        """
        similar = self.parameters.kernel(given, inputs, self._inputs)
        whitened = solve_triangular(self._factor, similar.T, lower=True)
        variance = self.parameters.variance - (whitened**2).sum(axis=0)
        deviation = np.sqrt(np.maximum(variance, 1e-9))
        mean = whitened.T @ self._whitened
        return self._offset + self._scale * mean, self._scale * deviation


def most_probable(given: np.ndarray, inputs: np.ndarray, targets: np.ndarray) -> Parameters:
    """Return the parameters of the largest posterior density.

    Args:
        given: Kernels of n examples, k x n x n.
        inputs: n x d.
        targets: n numbers of mean 0 and variance 1.
    """
    posterior = Posterior(given, inputs, targets)
    found = minimize(
        posterior,
        posterior.start,
        jac=True,
        method="L-BFGS-B",
        bounds=posterior.bounds,
        options={"maxiter": ITERATIONS},
    )
    return posterior.parameters(found.x)


class Posterior:
    """Negative logarithm of the posterior density of the logarithms of parameters.

    Args:
        given: Kernels of n examples, k x n x n.
        inputs: n x d.
        targets: n numbers of mean 0 and variance 1.
    """

    def __init__(self, given: np.ndarray, inputs: np.ndarray, targets: np.ndarray):
        self._given, self._inputs, self._targets = given, inputs, targets
        self._squares = (inputs[:, None] - inputs[None]) ** 2
        kernels, numbers = len(given) + 1, inputs.shape[1]
        middle = SCALE_PRIOR[0] * max(numbers, 1) ** 0.5
        medians = [WEIGHT_PRIOR[0]] * kernels + [middle] * numbers + [NOISE_PRIOR[0]]
        spreads = [WEIGHT_PRIOR[1]] * kernels + [SCALE_PRIOR[1]] * numbers + [NOISE_PRIOR[1]]
        limits = [BOUNDS["weight"]] * kernels + [BOUNDS["scale"]] * numbers + [BOUNDS["noise"]]
        self.start = np.log(medians)
        self.bounds = np.log(limits)
        self._spreads = np.array(spreads)
        self._kernels = kernels

    def parameters(self, logarithms: np.ndarray) -> Parameters:
        """Return the parameters of these logarithms."""
        values = np.exp(logarithms)
        return Parameters(values[: self._kernels], values[self._kernels : -1], float(values[-1]))

    def __call__(self, logarithms: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the value and its gradient."""
        parameters = self.parameters(logarithms)
        count, weights = len(self._targets), parameters.weights
        distances = self._squares @ parameters.scales**-2.0
        similar = weights[-1] * np.exp(-0.5 * distances)
        total = similar + np.tensordot(weights[:-1], self._given, 1)
        total[np.diag_indices(count)] += parameters.noise + JITTER
        try:
            factor = np.linalg.cholesky(total)
        except np.linalg.LinAlgError:
            return 1e10, np.zeros_like(logarithms)
        half = solve_triangular(factor, np.eye(count), lower=True)
        inverse = half.T @ half
        solved = inverse @ self._targets
        away = (logarithms - self.start) / self._spreads
        value = 0.5 * (self._targets @ solved + away @ away) + np.log(np.diag(factor)).sum()
        # Derivatives of the likelihood by the kernel, then by the logarithms of the parameters.
        by_entry = 0.5 * (inverse - np.outer(solved, solved))
        weighted = by_entry * similar
        gradient = np.concatenate(
            [
                weights[:-1] * np.tensordot(self._given, by_entry, 2),
                [weighted.sum()],
                np.tensordot(weighted, self._squares, 2) * parameters.scales**-2.0,
                [parameters.noise * np.trace(by_entry)],
            ]
        )
        return float(value), gradient + away / self._spreads
