"""The surrogate: one Gaussian process for each objective."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...core.architecture import Architecture
from ..common.value_scale import Scale
from .features import Encoder
from .proxy_scores import ProxyModel
from .surrogates import relations

MIN_MEASURED = 3  # an objective measured less often is not predicted


@dataclass(frozen=True)
class Prediction:
    """Predicted objectives of n architectures, n x m, as mapped by `scales`."""

    means: np.ndarray
    deviations: np.ndarray
    scales: tuple[Scale, ...]

    def optimistic(self, deviations: float) -> np.ndarray:
        """Return n x m values, better than predicted by so many standard deviations."""
        mapped = self.means - deviations * self.deviations
        columns = [scale.backward(mapped[:, i]) for i, scale in enumerate(self.scales)]
        return np.stack(columns, axis=1)


def predicted(
    encoder: Encoder,
    architectures: Sequence[Architecture],
    points: np.ndarray,
    pending: Sequence[Architecture],
    asked: Sequence[Architecture],
    *,
    clip: float | None,
    proxy: ProxyModel | None = None,
    kind: str = "paths",
) -> Prediction:
    """Fit a process to each objective and predict architectures with it.

    Candidates in flight count as measured with their predicted values, so that the next ones are
    chosen elsewhere.

    Args:
        encoder: Encoder of the space.
        architectures: n measured architectures.
        points: n x m, lower is better; NaN where a value was not measured.
        pending: Architectures in flight.
        asked: k architectures to predict.
        clip: As in `Scale.of`, for the first objective; None: no bound.
        proxy: Scores of a proxy, a further feature; None: there are none.
        kind: A key of `KINDS`.
    """
    count, more = len(architectures), len(pending)
    everything = encoder.features([*architectures, *pending, *asked])
    known = everything.rows(slice(0, count + more))
    scores = None if proxy is None else proxy.of([*architectures, *pending, *asked])
    related = relations(
        kind,
        everything,
        known,
        everything.rows(slice(0, count)) if kind == "size" else everything,
        None if scores is None else (scores, scores[: count + more]),
    )
    means, deviations, scales = [], [], []
    for column, values in enumerate(points.T):
        rows = np.flatnonzero(np.isfinite(values))
        scale = Scale.of(values[rows], clip if column == 0 else None)
        targets = scale.forward(values[rows])
        process = related.fitted(rows, targets)
        if more:
            flying = np.arange(count, count + more)
            expected, _ = related.predicted(process, flying, rows)
            rows, targets = np.concatenate([rows, flying]), np.concatenate([targets, expected])
            process = related.fitted(rows, targets, like=process)
        wanted = np.arange(count + more, count + more + len(asked))
        mean, deviation = related.predicted(process, wanted, rows)
        means.append(mean)
        deviations.append(deviation)
        scales.append(scale)
    return Prediction(np.stack(means, axis=1), np.stack(deviations, axis=1), tuple(scales))
