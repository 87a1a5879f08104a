"""Scores of a proxy for every architecture: measured for some, predicted for all others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from ...core.architecture import Architecture
from ...core.space import Space
from ..common.example import pack, unpack
from .features import Encoder, Features
from .surrogates import Process, relations

MAX_LEARNED = 1000
MAX_CACHED = 20_000


class ProxyModel:
    """The ranks of scored architectures as normal quantiles, and a process that predicts others.

    Scores of proxies have scales of their own and outliers, while their ranks are what correlates
    with the result. `kind` is a key of `KINDS`.
    """

    def __init__(self, space: Space, encoder: Encoder, kind: str = "paths"):
        self._space = space
        self._encoder = encoder
        self._kind = kind
        self._values: dict[Architecture, float] = {}
        self._predicted: dict[Architecture, float] = {}
        self._fitted: tuple[Features, Process] | None = None

    @property
    def scored(self) -> list[Architecture]:
        """The architectures whose score was measured, the best first."""
        return list(self._values)

    def learn(self, ordered: Sequence[tuple[Architecture, float]]) -> None:
        """Take scored architectures, the best first, and forget earlier ones.

        At most MAX_LEARNED are kept: the best for one half, the others evenly spaced.
        """
        count = len(ordered)
        quantiles = ndtri((rankdata([score for _, score in ordered]) - 0.5) / max(count, 1))
        kept = list(range(count))
        if count > MAX_LEARNED:
            half = MAX_LEARNED // 2
            kept = [*range(half), *np.linspace(half, count - 1, half).astype(int).tolist()]
        self._set({ordered[index][0]: float(quantiles[index]) for index in kept})

    def of(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Return the normal quantiles of the scores of n architectures."""
        if len(self._predicted) > MAX_CACHED:
            self._predicted.clear()
        known = self._values.keys() | self._predicted.keys()
        if new := [
            architecture
            for architecture in dict.fromkeys(architectures)
            if architecture not in known
        ]:
            self._predicted.update(zip(new, self._predict(new), strict=True))
        found = self._predicted | self._values
        return np.array([found[architecture] for architecture in architectures])

    def state_dict(self) -> list[Any]:
        """Return the scored architectures as JSON."""
        return [
            [pack(architecture, self._space), round(v, 4)]
            for architecture, v in self._values.items()
        ]

    def load_state_dict(self, state: Sequence[Any]) -> None:
        """Restore what `state_dict` returned."""
        self._set({unpack(packed, self._space): float(value) for packed, value in state})

    def _set(self, values: dict[Architecture, float]) -> None:
        self._values = {architecture: round(value, 4) for architecture, value in values.items()}
        self._predicted, self._fitted = {}, None

    def _predict(self, architectures: Sequence[Architecture]) -> list[float]:
        known, process = self._process()
        asked = self._encoder.features(architectures).like(known)
        related = relations(self._kind, asked, known, known)
        mean, _ = process.predict(related.given, related.inputs)
        found: list[float] = mean.tolist()
        return found

    def _process(self) -> tuple[Features, Process]:
        if self._fitted is None:
            known = self._encoder.features(self.scored)
            targets = np.array(list(self._values.values()))
            related = relations(self._kind, known, known, known)
            self._fitted = known, related.fitted(np.arange(len(targets)), targets)
        return self._fitted
