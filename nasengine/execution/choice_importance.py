"""How much of the variation of a value each choice of an architecture explains.

The measure is omega squared of a one-way analysis of variance: the share of the variance of the
value between the options of a choice, corrected for the share that chance would explain. It is a
main effect: what a choice does only together with another is not in it. In a run whose strategy
prefers some options, choices that are made together share their effect.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

METHOD = "omega squared (one-way analysis of variance), 90 % interval of the bootstrap"
MIN_CANDIDATES = 30
RESAMPLES = 100


@dataclass(frozen=True)
class Importance:
    """The importance of one choice.

    Attributes:
        decision: position of the decision.
        share: omega squared, 0 to 1.
        low, high: the 5 % and the 95 % quantile over resampled candidates.
    """

    decision: int
    share: float
    low: float
    high: float


def importances(choices: np.ndarray, values: np.ndarray, seed: int = 0) -> list[Importance]:
    """Return the importance of every choice, in the order of the decisions.

    Args:
        choices: n x d indices of options.
        values: n finite values.
        seed: of the resampling, so that a page shows the same interval twice.

    Returns:
        Nothing for fewer than `MIN_CANDIDATES` candidates.
    """
    if len(values) < MIN_CANDIDATES:
        return []
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(values), np.full(len(values), 1 / len(values)), RESAMPLES)
    weights = np.vstack([np.ones(len(values)), weights]).astype(float)  # the first: as they are
    found = []
    for place in range(choices.shape[1]):
        shares = omega_squared(choices[:, place], values, weights)
        low, high = np.quantile(shares[1:], (0.05, 0.95))
        share = float(shares[0])
        found.append(Importance(place, share, min(float(low), share), max(float(high), share)))
    return found


def omega_squared(option: np.ndarray, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return omega squared, at least 0, for each of r weightings of the candidates (r x n)."""
    _, group = np.unique(option, return_inverse=True)
    member = np.zeros((len(values), int(group.max()) + 1))
    member[np.arange(len(values)), group] = 1.0
    centred = (values - values.mean()) / (values.std() or 1.0)
    size, total = weights @ member, (weights * centred) @ member
    n = weights.sum(axis=1)
    mean = (weights @ centred) / n
    spread = weights @ centred**2 - n * mean**2
    present = (size > 0).sum(axis=1)
    between = (total**2 / np.where(size > 0, size, 1.0)).sum(axis=1) - n * mean**2
    within = np.maximum(spread - between, 0.0) / np.maximum(n - present, 1)
    share = (between - (present - 1) * within) / np.maximum(spread + within, 1e-300)
    result: np.ndarray = np.clip(np.where(spread > 1e-12 * n, share, 0.0), 0.0, 1.0)
    return result
