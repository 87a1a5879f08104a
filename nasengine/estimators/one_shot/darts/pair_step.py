"""Both updates of DARTS on a pair of batches, recorded as one CUDA graph where possible."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from ...training.device_context import DeviceContext
from ...training.graphs import StepGraphs
from ..common.batch import Batch, Pair, Tensors
from ..common.gradients import DartsStep


class PairStep:
    """An architecture step and a weight step of the relaxed network.

    Args:
        network: The relaxed supernet.
        step: Both updates.
        context: Device context of the search.
        searches: Train the architecture parameters too, not only the weights.
    """

    def __init__(self, network: Any, step: DartsStep, context: DeviceContext, *, searches: bool):
        self.network = network
        self.step = step
        self.searches = searches
        self.pair: Pair
        self.graphs = StepGraphs(self._take_tensors, context.recorder)

    def __call__(self, pair: Pair) -> torch.Tensor:
        """Take both steps; return the validation loss before them, or 0 without a search.

        The batches have the results of their losses afterwards.
        """
        self.pair = pair
        weights, architecture = pair.weights.tensors, pair.architecture.tensors
        if weights is None or architecture is None:
            return self._take(pair.weights, pair.architecture)
        loss, *results = self.graphs(*weights, *architecture)
        count = len(results) // 2
        pair.weights.accept(tuple(results[:count]))
        pair.architecture.accept(tuple(results[count:]))
        return loss

    def _take_tensors(self, *tensors: torch.Tensor) -> Tensors:
        """Take both steps on the tensors of a pair; return the loss and the batches' results."""
        count = len(tensors) // 2
        weights = self.pair.weights.like(tensors[:count])
        architecture = self.pair.architecture.like(tensors[count:])
        loss = self._take(weights, architecture)
        return loss, *weights.results, *architecture.results

    def _take(self, weights: Batch, architecture: Batch) -> torch.Tensor:
        network = self.network
        loss = torch.zeros((), device=weights.value.device)
        if self.searches:
            loss = self.step.architecture_step(
                partial(architecture.loss, network), partial(weights.loss, network)
            )
        self.step.weight_step(partial(weights.objective, network))
        return loss
