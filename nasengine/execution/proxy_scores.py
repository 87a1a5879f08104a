"""Scores of proxies for the architectures of one search."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..catalog import load
from ..core.architecture import Architecture
from ..core.errors import Cancelled
from ..core.measurement import Measurement
from ..core.search_spec import SearchSpec
from ..core.seeds import derive, generator
from ..core.space import Space
from ..core.torch_state import seeded
from ..data.common.named import named_dataset

if TYPE_CHECKING:
    from ..core.proxy import Batch
    from ..proxies.common.probe import NetworkProbe

BATCH = 64
BATCHES = 2


class ProxyScores:
    """Computes proxies on the CPU, on networks with fresh weights.

    Weights, images and everything random follow from the seed of the search, so a network has the
    same score whenever and wherever it is computed. Only the train part is read.
    """

    def __init__(self, spec: SearchSpec, space: Space, cancelled: Callable[[], bool]):
        self._spec = spec
        self._space = space
        self._cancelled = cancelled
        self._probes: dict[str, NetworkProbe] = {}

    def measure(self, architecture: Architecture, names: Iterable[str]) -> dict[str, Measurement]:
        """Return the scores of an architecture by proxy.

        Raises:
            Cancelled: the evaluation was cancelled.
        """
        probe = self._probe(architecture)
        found = {}
        for name in names:
            if self._cancelled():
                raise Cancelled
            score = load("proxies", name)().score(probe)
            detail = {"batch": len(self._batches[0][1])}
            found[name] = Measurement(name, _finite(score), "", method="counted", detail=detail)
        return found

    def _probe(self, architecture: Architecture) -> NetworkProbe:
        from ..proxies.common.probe import NetworkProbe

        if architecture.id not in self._probes:
            with seeded(derive(self._spec.seed, "proxy weights")):
                network = self._space.build(architecture, self._facts.shape, self._facts.classes)
            seed = derive(self._spec.seed, "proxy")
            probe = NetworkProbe(network, self._facts.shape, self._batches, seed)
            self._probes = {architecture.id: probe}  # only the newest: it holds gradients
        return self._probes[architecture.id]

    @cached_property
    def _dataset(self) -> Any:
        return named_dataset(self._spec.dataset, self._spec.dataset_config)

    @cached_property
    def _facts(self) -> Any:
        return self._dataset.facts()

    @cached_property
    def _batches(self) -> list[Batch]:
        from ..data.common.lazy import LazyPart

        part = self._dataset.search_parts()[0]
        count = len(part.labels)
        size = min(BATCH, max(count // BATCHES, 1))
        order = generator(self._spec.seed, "proxy images").permutation(count)
        chosen = [order[i * size : (i + 1) * size] for i in range(BATCHES)]
        if isinstance(part, LazyPart):
            return [(part.inputs(pixels), labels) for pixels, labels in part.batches(chosen)]
        return [(part.images[index], part.labels[index]) for index in map(_indices, chosen)]


def _indices(chosen: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(chosen.astype(np.int64))


def _finite(score: float) -> float:
    """Return a score; the smallest number for networks that have none."""
    return score if math.isfinite(score) else -1e9
