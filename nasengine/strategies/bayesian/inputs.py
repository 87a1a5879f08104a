"""Numbers of architectures as inputs of a Gaussian process."""

from __future__ import annotations

import numpy as np

from .features import Features


def inputs_of(
    features: Features, reference: Features, scores: np.ndarray | None = None
) -> np.ndarray:
    """Return paths, size and the scores of a proxy of n architectures, n x d.

    Paths and size are standardised; numbers that are the same in all of `reference` are left out.

    Args:
        features: Features of n architectures, with the columns of `reference`.
        reference: Features that mean and deviation are taken from.
        scores: n standard normal scores; None: there are none.
    """
    table, known = (
        np.concatenate([encoded.paths, np.log1p(encoded.sizes)[:, None]], axis=1)
        for encoded in (features, reference)
    )
    spread = known.std(axis=0)
    varies = spread > 1e-9 * np.maximum(np.abs(known).max(axis=0), 1.0)
    inputs = (table[:, varies] - known[:, varies].mean(axis=0)) / spread[varies]
    return inputs if scores is None else np.concatenate([inputs, scores[:, None]], axis=1)
