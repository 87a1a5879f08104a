"""ENAS on a supernet: weight steps, controller steps, and a ranking of samples."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch

from ....core.architecture import Architecture
from ....core.seeds import generator
from ..common.batch import Batch
from ..common.checkpoint import restore, save
from ..common.feasible import feasible
from ..common.ranking import rank
from ..common.supernet import RunningAverage, Supernet, check_weights, report_epoch, rounded
from ..common.weights_step import WeightsStep
from .controller import Controller
from .reinforce import Reinforce, adam
from .trajectory import SampledSequence

if TYPE_CHECKING:
    from ....strategies.one_shot.enas.config import EnasConfig

MAX_LOSS = 50.0  # nats; keeps the perplexity finite


class EnasTraining:
    """The supernet and the controller at the start of an epoch."""

    def __init__(self, config: EnasConfig, supernet: Supernet):
        self.config = config
        self.supernet = supernet
        self.space = supernet.evaluation.space
        self.step = WeightsStep(config, supernet)
        self.controller = Controller(
            self.space.decisions(), config, supernet.generator("controller")
        )
        self.reinforce = Reinforce(
            self.controller,
            adam(self.controller, config.controller_learning_rate),
            baseline_decay=config.baseline_decay,
            entropy_weight=config.entropy_weight,
            skip_weight=config.skip_weight,
            clip=config.controller_clip,
        )
        self.optimizers = {"weights": self.step.optimizer}
        restore(supernet, self.optimizers, self.reinforce)

    def epoch(self) -> dict[str, Any]:
        """Train weights and controller for an epoch, store a checkpoint, return the findings."""
        started = time.monotonic()
        supernet = self.supernet
        findings: dict[str, Any] = {**self._weight_steps(), **self._controller_steps()}
        check_weights(supernet, self.step.rate, dict(self.controller.named_parameters()))
        allowed = self.space.allowed
        findings["policy"] = self.controller.policy(allowed)
        findings["best"] = self.space.from_choices(self.controller.best(allowed)).genome
        save(supernet, self.optimizers, self.reinforce)
        report_epoch(supernet, findings, self.step.rate, started)
        return findings

    def derived(self) -> dict[str, Any]:
        """Return the best samples of the policy by their supernet scores."""
        supernet, config = self.supernet, self.config
        rng = generator(supernet.note["seed"], "repaired", supernet.epoch)
        architectures = feasible(
            supernet.evaluation, self._draws(), config.sampled, config.proofs, rng
        )
        return rank(self.supernet, architectures, self.config.proofs)

    def _draws(self) -> Iterator[Architecture]:
        """Yield samples of the policy, endlessly."""
        drawing = self.supernet.generator("derived", self.supernet.epoch)
        while True:
            with torch.no_grad():
                samples = self.controller.samples(self.config.sampled, drawing, self.space.allowed)
            yield from (self.space.from_choices(sample.choices) for sample in samples)

    def _weight_steps(self) -> dict[str, float]:
        """Train one epoch of weights, with one sampled architecture per step."""
        supernet = self.supernet
        samples = self._samples("children", supernet.feed.steps(supernet.epoch))
        train = RunningAverage(supernet, self.step.rate)
        for sample, batch in zip(
            samples, supernet.feed.weights_batches(supernet.epoch), strict=True
        ):
            train.add(self.step.take(batch, sample.choices), batch)
        return {**train.metrics("train"), **train.throughput()}

    def _controller_steps(self) -> dict[str, float]:
        """Train the controller; return means over its steps and the final baseline."""
        supernet, config = self.supernet, self.config
        generator = supernet.generator("rewarded", supernet.epoch)
        batches = supernet.feed.architecture_batches(supernet.epoch, config.reward_batch)
        metrics: list[dict[str, float]] = []
        for _ in range(config.controller_steps):
            supernet.feed.check()
            samples = self.controller.samples(config.samples, generator, self.space.allowed)
            metrics.append(self.reinforce.step(samples, self._rewards(samples, next(batches))))
        means = {
            name: rounded(sum(step[name] for step in metrics) / len(metrics))
            for name in ("reward", "entropy", "skip_penalty")
        }
        return {**means, "baseline": rounded(metrics[-1]["baseline"])}

    @torch.no_grad()
    def _rewards(self, samples: Sequence[SampledSequence], batch: Batch) -> list[float]:
        """Return the accuracy on the batch (0 to 1), or for text `reward_scale` over perplexity.

        An architecture that violates a constraint on a cheap cost gets a negative reward without
        being scored.
        """
        rewards: dict[tuple[int, ...], float] = {}
        # No dropout; batch normalisation uses the statistics of the batch in both modes.
        self.supernet.network.eval()
        for sample in samples:
            if sample.choices in rewards:
                continue
            if excess := self._violation(sample):
                rewards[sample.choices] = -math.tanh(excess)
            else:
                loss = float(batch.loss(self.supernet.network, sample.choices))
                rewards[sample.choices] = self._reward(loss, batch)
        self.supernet.network.train()
        return [rewards[sample.choices] for sample in samples]

    def _violation(self, sample: SampledSequence) -> float:
        costs = self.supernet.evaluation.costs
        if costs is None or not costs.constraints:
            return 0.0
        return costs.violation(self.space.from_choices(sample.choices))

    def _reward(self, loss: float, batch: Batch) -> float:
        if math.isnan(loss):
            return 0.0
        if self.supernet.kind == "text":
            return float(self.config.reward_scale / math.exp(min(loss, MAX_LOSS)))
        return 1 - int(batch.wrong) / batch.count

    @torch.no_grad()
    def _samples(self, purpose: str, count: int) -> list[SampledSequence]:
        generator = self.supernet.generator(purpose, self.supernet.epoch)
        return self.controller.samples(count, generator, self.space.allowed)
