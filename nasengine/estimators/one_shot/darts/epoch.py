"""DARTS on a shared network: one epoch of both updates, and scores of given architectures."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from ....core.architecture import Architecture
from ....core.dataset import DataKind
from ...training.optimizer import set_rate
from ..common.checkpoint import go_on, keep
from ..common.gradients import DartsStep
from ..common.supernet import Shared, Tally, check_finite, cosine, rounded, tell
from .hessian import dominant_eigenvalue

if TYPE_CHECKING:
    from ..common.batch import Batch

UNROLLED_CLIP: dict[DataKind, float] = {"images": 0.0, "text": 0.25}


class DartsTraining:
    """A shared network with both optimisers, at the beginning of an epoch."""

    def __init__(self, config: Any, shared: Shared):
        self.config = config
        self.shared = shared
        kind = shared.kind
        usual = {
            name: config.resolve(name, kind)
            for name in ("learning_rate", "final_learning_rate", "momentum", "weight_decay")
        }
        self.rate = cosine(
            usual["learning_rate"],
            usual["final_learning_rate"],
            shared.epoch,
            shared.note["epochs"],
        )
        self.weights = torch.optim.SGD(
            shared.network.weight_parameters(),
            self.rate,
            momentum=usual["momentum"],
            weight_decay=usual["weight_decay"],
        )
        self.alphas = torch.optim.Adam(
            shared.network.architecture_parameters(),
            config.alpha_rate(kind),
            betas=(config.alpha_beta(kind), 0.999),
            weight_decay=config.alpha_weight_decay,
        )
        self.optimisers = {"weights": self.weights, "alphas": self.alphas}
        go_on(shared, self.optimisers)
        # A checkpoint holds the rate of the epoch that left it.
        set_rate(self.weights, self.rate)

    def epoch(self) -> dict[str, Any]:
        """Trains one epoch, leaves a checkpoint, and says what it found."""
        started = time.monotonic()
        shared, config = self.shared, self.config
        step = DartsStep(
            shared.network,
            self.weights,
            self.alphas,
            second=config.order == "second",
            clip=float(config.resolve("gradient_clip", shared.kind)),
            unrolled_clip=UNROLLED_CLIP[shared.kind],
        )
        train, valid = (Tally(shared, self.rate) for _ in range(2))
        network = shared.network
        for pair in shared.feed.pairs(shared.epoch):
            set_rate(self.weights, self.rate * pair.weights.share)
            weigh = partial(pair.weights.loss, network)
            if shared.epoch >= config.warm_up:
                loss = step.architecture(partial(pair.architecture.loss, network), weigh)
                valid.add(loss, pair.architecture)
            train.add(step.weigh(weigh), pair.weights)
        findings: dict[str, Any] = {**train.told("train"), **valid.told("valid")}
        named = dict(network.named_parameters())
        check_finite(named, shared.epoch + 1, f"lower the learning rate ({self.rate:g})")
        if self._eigenvalue_due():
            findings["eigenvalue"] = self._eigenvalue()
        findings["alphas"] = alphas_of(network)
        keep(shared, self.optimisers)
        tell(shared, findings, self.rate, started)
        return findings

    def scores(self) -> dict[str, Any]:
        """The errors of the architectures a note names, with shared weights alone."""
        space, proposal = self.shared.evaluation.space, self.shared.evaluation.proposal
        config = proposal.architecture.config
        errors = []
        for genome in self.shared.note["score"]:
            architecture = Architecture(space.name, config, genome)
            space.validate(architecture)
            seen = self.shared.feed.score(self.shared.network, space.choices(architecture))
            errors.append(rounded(seen.value))
        return {"errors": errors}

    def _eigenvalue_due(self) -> bool:
        after = self.shared.epoch + 1
        due = self.config.stop == "eigenvalue" and self.shared.epoch >= self.config.warm_up
        return due and after % self.config.eigenvalue_every == 0

    def _eigenvalue(self) -> float:
        """On one batch of the architecture's half."""
        batch: Batch = next(self.shared.feed.architecture_batches(self.shared.epoch))
        generator = self.shared.generator("eigenvalue", self.shared.epoch)
        network = self.shared.network
        return rounded(dominant_eigenvalue(network, partial(batch.loss, network), generator))


def alphas_of(network: torch.nn.Module) -> dict[str, Any]:
    """The architecture parameters as nested lists, by their names without "alphas."."""
    return {
        name.removeprefix("alphas."): _lists(parameter.detach().double().cpu())
        for name, parameter in network.named_parameters()
        if name.startswith("alphas.")
    }


def _lists(tensor: torch.Tensor) -> list[Any]:
    if tensor.dim() == 1:
        return [rounded(one) for one in tensor.tolist()]
    return [_lists(one) for one in tensor]
