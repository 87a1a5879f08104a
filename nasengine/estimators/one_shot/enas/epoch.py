"""ENAS on a shared network: an epoch of weights, controller steps, a ranking of draws."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import torch

from ..common.batch import Batch
from ..common.checkpoint import go_on, keep
from ..common.ranking import ranked
from ..common.supernet import Shared, Tally, check_finite, rounded, tell
from ..common.weights_step import WeightsStep
from .controller import Controller
from .reinforce import Reinforce, adam
from .trajectory import Sampled

MAX_LOSS = 50.0  # nats; e to more is out of any number's reach


class EnasTraining:
    """A shared network and its controller at the beginning of an epoch."""

    def __init__(self, config: Any, shared: Shared):
        self.config = config
        self.shared = shared
        self.space = shared.evaluation.space
        self.step = WeightsStep(config, shared)
        self.controller = Controller(self.space.decisions(), config, shared.generator("controller"))
        self.reinforce = Reinforce(
            self.controller,
            adam(self.controller, config.controller_learning_rate),
            baseline_decay=config.baseline_decay,
            entropy_weight=config.entropy_weight,
            skip_weight=config.skip_weight,
            clip=config.controller_clip,
        )
        self.optimisers = {"weights": self.step.optimiser}
        go_on(shared, self.optimisers, self.reinforce)

    def epoch(self) -> dict[str, Any]:
        """Trains one epoch of both, leaves a checkpoint, and says what it found."""
        started = time.monotonic()
        shared = self.shared
        findings: dict[str, Any] = {**self._weights(), **self._rewarded()}
        named = {
            **dict(shared.network.named_parameters()),
            **dict(self.controller.named_parameters()),
        }
        check_finite(named, shared.epoch + 1, f"lower the learning rate ({self.step.rate:g})")
        allowed = self.space.allowed
        findings["policy"] = self.controller.policy(allowed)
        findings["best"] = self.space.from_choices(self.controller.best(allowed)).genome
        keep(shared, self.optimisers, self.reinforce)
        tell(shared, findings, self.step.rate, started)
        return findings

    def derived(self) -> dict[str, Any]:
        """The best of what the policy draws, with shared weights."""
        drawn = self._drawn("derived", self.config.sampled)
        architectures = [self.space.from_choices(one.choices) for one in drawn]
        return ranked(self.shared, architectures, self.config.proofs)

    def _weights(self) -> dict[str, float]:
        """The training data once, an architecture drawn for each step."""
        shared = self.shared
        drawn = self._drawn("children", shared.feed.steps(shared.epoch))
        train = Tally(shared, self.step.rate)
        for one, batch in zip(drawn, shared.feed.weights_batches(shared.epoch), strict=True):
            train.add(self.step.take(batch, one.choices), batch)
        return train.told("train")

    def _rewarded(self) -> dict[str, float]:
        """The controller's steps; means over them, and the baseline behind the last."""
        shared, config = self.shared, self.config
        generator = shared.generator("rewarded", shared.epoch)
        batches = shared.feed.architecture_batches(shared.epoch, config.reward_batch)
        told: list[dict[str, float]] = []
        for _ in range(config.controller_steps):
            shared.feed.check()
            samples = self.controller.samples(config.samples, generator, self.space.allowed)
            told.append(self.reinforce.step(samples, self._rewards(samples, next(batches))))
        means = {
            name: rounded(sum(one[name] for one in told) / len(told))
            for name in ("reward", "entropy", "skip_penalty")
        }
        return {**means, "baseline": rounded(told[-1]["baseline"])}

    @torch.no_grad()
    def _rewards(self, samples: Sequence[Sampled], batch: Batch) -> list[float]:
        """Accuracy on the batch, 0 to 1; of text a constant over its perplexity."""
        known: dict[tuple[int, ...], float] = {}
        self.shared.network.eval()  # nothing is dropped; normalisation is by the batch all the same
        for one in samples:
            if one.choices not in known:
                loss = float(batch.loss(self.shared.network, one.choices))
                known[one.choices] = self._reward(loss, batch)
        self.shared.network.train()
        return [known[one.choices] for one in samples]

    def _reward(self, loss: float, batch: Batch) -> float:
        if math.isnan(loss):
            return 0.0
        if self.shared.kind == "text":
            return float(self.config.reward_scale / math.exp(min(loss, MAX_LOSS)))
        return 1 - int(batch.wrong) / batch.count

    @torch.no_grad()
    def _drawn(self, purpose: str, count: int) -> list[Sampled]:
        generator = self.shared.generator(purpose, self.shared.epoch)
        return self.controller.samples(count, generator, self.space.allowed)
