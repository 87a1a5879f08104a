"""Choose the networks to measure: those that tell most about all the others."""

from __future__ import annotations

import numpy as np

from .learning import Prior

POOL = 600  # random networks among which the choice is made
TARGETS = 500  # random networks whose uncertainty is reduced
MIN_NOISE = 0.02


def choose_networks(prior: Prior, count: int, seed: int) -> np.ndarray:
    """Return the numbers of the networks to measure, most informative next.

    The first network is random. Each further one reduces the remaining variance of random other
    networks most, as a share and summed over the hypotheses without a template (active learning
    of Cohn, Ghahramani and Jordan, 1996).

    Args:
        prior: The knowledge from known devices.
        count: Number of networks.
        seed: Decides the pool and the first network.
    """
    rng = np.random.default_rng(seed)
    total = len(prior.inputs)
    pool = rng.permutation(total)[: max(min(POOL, total), min(count, total))]
    targets = rng.permutation(total)[: min(TARGETS, total)]
    everyone = np.concatenate([pool, targets])
    components = prior.inputs.components(everyone, pool)
    target_components = prior.inputs.components(targets, targets)
    states = []
    for hypothesis in prior.hypotheses:
        if hypothesis.template is None:
            covariance = hypothesis.covariance(prior.inputs, components, everyone, pool)
            own = hypothesis.covariance(prior.inputs, target_components, targets, targets)
            noise = max(hypothesis.noise + hypothesis.relative_noise, MIN_NOISE)
            states.append(_Remaining(covariance, float(np.trace(own)), noise, len(pool)))
    chosen = [0]
    while len(chosen) < min(count, len(pool)):
        for state in states:
            state.condition_on(chosen[-1])
        gain = np.sum([state.gains() for state in states], axis=0)
        gain[chosen] = -np.inf
        chosen.append(int(np.argmax(gain)))
    return pool[chosen]


class _Remaining:
    """Covariances between networks and the pool under one hypothesis, after measurements."""

    def __init__(self, covariance: np.ndarray, variance: float, noise: float, pool: int):
        self._covariance = covariance
        self._variance = variance
        self._noise = noise
        self._pool = pool

    def gains(self) -> np.ndarray:
        """Return the share of the remaining variance that each network of the pool removes."""
        own = np.diag(self._covariance[: self._pool])
        removed = (self._covariance[self._pool :] ** 2).sum(axis=0) / (own + self._noise)
        return removed / max(self._variance, 1e-12)

    def condition_on(self, number: int) -> None:
        """Measure a network of the pool."""
        column = self._covariance[:, number].copy()
        scale = column[number] + self._noise
        self._variance -= float((column[self._pool :] ** 2).sum() / scale)
        self._covariance = self._covariance - np.outer(column, self._covariance[number] / scale)
