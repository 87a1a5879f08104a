"""The kinds of surrogate: which features of architectures a process is fitted to, and how."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .features import Features
from .gaussian_process import GaussianProcess, kernels
from .grid_process import GridProcess, Scores, size_kernels
from .inputs import inputs_of

Process = GaussianProcess | GridProcess


@dataclass(frozen=True)
class Relations:
    """Kernels and inputs of n architectures, the first m of which a process is fitted to.

    Attributes:
        kind: A key of `KINDS`.
        given: Kernels, k x n x m.
        inputs: Numbers that describe the n, n x d.
    """

    kind: str
    given: np.ndarray
    inputs: np.ndarray

    def fitted(self, rows: np.ndarray, targets: np.ndarray, like: Process | None = None) -> Process:
        """Return a process that is fitted to some of the m.

        Args:
            rows: Their positions.
            targets: Their values.
            like: A process whose parameters are taken; None: they are fitted.
        """
        return KINDS[self.kind](
            self.given[:, rows[:, None], rows],
            self.inputs[rows],
            targets,
            None if like is None else like.parameters,  # type: ignore[arg-type]
        )

    def predicted(
        self, process: Process, asked: np.ndarray, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return means and standard deviations of some of the n, by a process fitted to `rows`."""
        return process.predict(self.given[:, asked[:, None], rows], self.inputs[asked])


KINDS: dict[str, type[GaussianProcess] | type[GridProcess]] = {
    "paths": GaussianProcess,
    "size": GridProcess,
}


def relations(
    kind: str,
    features: Features,
    known: Features,
    reference: Features,
    scores: Scores = None,
) -> Relations:
    """Return kernels and inputs for a process.

    Args:
        kind: A key of `KINDS`.
        features: Features of n architectures.
        known: Features of the m that a process is fitted to, with the same columns.
        reference: Features that sizes, or with paths all numbers, are scaled by.
        scores: Standard normal scores of a proxy for the n and the m; None: there are none.
    """
    if kind == "size":
        given = size_kernels(features, known, reference, scores)
        return Relations(kind, given, np.zeros((len(features.sizes), 0)))
    inputs = inputs_of(features, reference, None if scores is None else scores[0])
    return Relations(kind, kernels(features, known), inputs)
