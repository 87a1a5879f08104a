"""Regression models of the last value of a curve, with the uncertainty of each prediction."""

from __future__ import annotations

import warnings
from typing import Any, Protocol

import numpy as np

FOLDS = 3
DRAWS = 100
MIN_NU = 0.01


class CurveModel(Protocol):
    """A regression on standardised features and targets."""

    def fit(self, features: np.ndarray, targets: np.ndarray, seed: int) -> None:
        """Fit to n x k features and n targets."""

    def predict(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return means and standard deviations of the targets of n x k features."""


class NuSVRModel:
    """ν-SVR with an RBF kernel, hyperparameters by random search (Baker et al., 1705.10823).

    C and γ are drawn from logU[1e-5, 10], ν from U(0, 1); the draw with the smallest error in
    3-fold cross-validation is used. The standard deviation is the root mean squared error in that
    cross-validation, the same for every prediction.

    Args:
        draws: Draws of the random search; the paper's code has 1,000.
    """

    def __init__(self, draws: int = DRAWS):
        self.draws = draws
        self._model: Any = None
        self._deviation = 0.0

    def fit(self, features: np.ndarray, targets: np.ndarray, seed: int) -> None:
        from sklearn.svm import NuSVR

        rng = np.random.default_rng(seed)
        fold = rng.permutation(len(targets)) % FOLDS
        best: tuple[float, dict[str, float]] | None = None
        for _ in range(self.draws):
            c, gamma = 10 ** rng.uniform(-5, 1, 2)
            settings = {"C": c, "gamma": gamma, "nu": rng.uniform(MIN_NU, 1)}
            error = 0.0
            for held in range(FOLDS):
                train = fold != held
                model = NuSVR(**settings).fit(features[train], targets[train])
                error += float(((model.predict(features[~train]) - targets[~train]) ** 2).sum())
            if best is None or error < best[0]:
                best = error, settings
        assert best is not None
        self._model = NuSVR(**best[1]).fit(features, targets)
        self._deviation = float(np.sqrt(best[0] / len(targets)))

    def predict(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        means = self._model.predict(features)
        return means, np.full(len(means), self._deviation)


class GaussianProcessModel:
    """Gaussian process with a smooth and an almost linear RBF part and noise.

    The kernel's parameters maximise the marginal likelihood. The standard deviation is that of
    the predictive distribution with noise.
    """

    def __init__(self) -> None:
        self._model: Any = None

    def fit(self, features: np.ndarray, targets: np.ndarray, seed: int) -> None:
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

        kernel = ConstantKernel() * RBF(10.0) + ConstantKernel() * RBF(100.0) + WhiteKernel(0.1)
        with warnings.catch_warnings():  # parameters at a bound are fine
            warnings.simplefilter("ignore")
            self._model = GaussianProcessRegressor(kernel, random_state=seed).fit(features, targets)

    def predict(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        means, deviations = self._model.predict(features, return_std=True)
        return means, deviations


MODELS: dict[str, type[NuSVRModel] | type[GaussianProcessModel]] = {
    "gaussian-process": GaussianProcessModel,
    "nu-svr": NuSVRModel,
}
