"""DARTS on a supernet: epochs of both updates, and scores of given architectures."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from ....core.architecture import Architecture
from ....core.dataset import DataKind
from ...training.eager_optimizers import SGD, Adam
from ...training.optimizer import rate_on, set_rate
from ..common.checkpoint import restore, save
from ..common.gradients import DartsStep
from ..common.supernet import (
    RunningAverage,
    Supernet,
    check_weights,
    report_epoch,
    rounded,
    weights_rate,
)
from .constrained import replaced
from .hessian import dominant_eigenvalue
from .pair_step import PairStep

if TYPE_CHECKING:
    from ....strategies.one_shot.darts.config import DartsConfig
    from ..common.batch import Batch

UNROLLED_CLIP: dict[DataKind, float] = {"images": 0.0, "text": 0.25}


class DartsTraining:
    """The supernet with both optimizers at the start of an epoch."""

    def __init__(self, config: DartsConfig, supernet: Supernet):
        self.config = config
        self.supernet = supernet
        kind = supernet.kind
        self.rate = weights_rate(config, supernet)
        device = supernet.context.device
        on_cuda = device.type == "cuda"
        self.weights = SGD(
            supernet.network.weight_parameters(),
            rate_on(device, self.rate),
            momentum=config.resolve("momentum", kind),
            weight_decay=config.resolve("weight_decay", kind),
            nesterov=config.nesterov,
            fused=on_cuda,
        )
        self.alphas = Adam(
            supernet.network.architecture_parameters(),
            config.alpha_rate(kind),
            betas=(config.alpha_beta(kind), 0.999),
            weight_decay=config.alpha_weight_decay,
            fused=on_cuda,
            capturable=on_cuda,
        )
        self.optimizers = {"weights": self.weights, "alphas": self.alphas}
        restore(supernet, self.optimizers)
        # The optimizer in the checkpoint has the rate of the epoch before.
        set_rate(self.weights, self.rate)

    def epoch(self) -> dict[str, Any]:
        """Train one epoch, store a checkpoint and return the findings."""
        started = time.monotonic()
        supernet, config = self.supernet, self.config
        step = DartsStep(
            supernet.network,
            self.weights,
            self.alphas,
            second=config.order == "second",
            clip=float(config.resolve("gradient_clip", supernet.kind)),
            unrolled_clip=UNROLLED_CLIP[supernet.kind],
        )
        train, valid = (RunningAverage(supernet, self.rate) for _ in range(2))
        network = supernet.network
        searches = supernet.epoch >= config.warm_up
        pair_step = PairStep(network, step, supernet.context, searches=searches)
        for pair in supernet.feed.pairs(supernet.epoch):
            set_rate(self.weights, self.rate * pair.weights.share)
            loss = pair_step(pair)
            if searches:
                valid.add(loss, pair.architecture)
            train.add(pair.weights.value, pair.weights)
        findings: dict[str, Any] = {**train.metrics("train"), **valid.metrics("valid")}
        findings |= train.throughput()
        check_weights(supernet, self.rate)
        if self._eigenvalue_due():
            findings["eigenvalue"] = self._eigenvalue()
        findings["alphas"] = alphas_of(network)
        save(supernet, self.optimizers)
        report_epoch(supernet, findings, self.rate, started)
        return findings

    def scores(self) -> dict[str, Any]:
        """Return the supernet scores of the architectures in the note.

        Architectures that violate a constraint are replaced: "scored" holds those scored.
        """
        supernet = self.supernet
        space, note = supernet.evaluation.space, supernet.note
        config = supernet.evaluation.proposal.architecture.config
        named = [Architecture(space.name, config, genome) for genome in note["score"]]
        for architecture in named:
            space.validate(architecture)
        scored = replaced(supernet, named, note.get("alphas"))
        scores = [
            supernet.feed.score(supernet.network, space.choices(architecture))
            for architecture in scored
        ]
        return {
            "scored": [architecture.genome for architecture in scored],
            "errors": [rounded(score.value) for score in scores],
        }

    def _eigenvalue_due(self) -> bool:
        after = self.supernet.epoch + 1
        due = self.config.stop == "eigenvalue" and self.supernet.epoch >= self.config.warm_up
        return due and after % self.config.eigenvalue_every == 0

    def _eigenvalue(self) -> float:
        """Return the dominant eigenvalue on one batch of the architecture's data."""
        batch: Batch = next(self.supernet.feed.architecture_batches(self.supernet.epoch))
        generator = self.supernet.generator("eigenvalue", self.supernet.epoch)
        network = self.supernet.network
        return rounded(dominant_eigenvalue(network, partial(batch.loss, network), generator))


def alphas_of(network: torch.nn.Module) -> dict[str, Any]:
    """Return the architecture parameters as nested lists, by their names without "alphas."."""
    return {
        name.removeprefix("alphas."): _lists(parameter.detach().double().cpu())
        for name, parameter in network.named_parameters()
        if name.startswith("alphas.")
    }


def _lists(tensor: torch.Tensor) -> list[Any]:
    if tensor.dim() == 1:
        return [rounded(value) for value in tensor.tolist()]
    return [_lists(row) for row in tensor]
