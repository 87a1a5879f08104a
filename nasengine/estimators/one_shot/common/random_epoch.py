"""Random search with weight sharing: supernet epochs, and a ranking of random architectures."""

from __future__ import annotations

import time
from statistics import fmean
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ....core.architecture import Architecture
from ....core.seeds import generator
from .checkpoint import restore, save
from .feasible import feasible
from .ranking import QUICK_SCORE, rank
from .supernet import RunningAverage, Supernet, check_weights, report_epoch, rounded
from .weights_step import WeightsStep

if TYPE_CHECKING:
    from ....strategies.one_shot.random_sharing import RandomSharingConfig
    from ..shared import OneShotConfig


class RandomTraining:
    """The supernet at the start of an epoch."""

    def __init__(self, config: RandomSharingConfig | OneShotConfig, supernet: Supernet):
        self.config = config
        self.supernet = supernet
        self.space = supernet.evaluation.space
        self.step = WeightsStep(config, supernet)
        self.optimizers = {"weights": self.step.optimizer}
        restore(supernet, self.optimizers)

    def epoch(self) -> dict[str, Any]:
        """Train one epoch, store a checkpoint and return the findings."""
        started = time.monotonic()
        supernet = self.supernet
        rng = self._rng("children")
        train = RunningAverage(supernet, self.step.rate)
        for batch in supernet.feed.weights_batches(supernet.epoch):
            choices = self.space.choices(self.space.sample(rng))
            train.add(self.step.take(batch, choices), batch)
        findings: dict[str, Any] = {**train.metrics("train"), **train.throughput()}
        check_weights(supernet, self.step.rate)
        save(supernet, self.optimizers)
        scores = [
            supernet.feed.score(supernet.network, self.space.choices(architecture), QUICK_SCORE)
            for architecture in self._samples("watched", self.config.watched)
        ]
        findings["children"] = [rounded(score.value) for score in scores]
        if scores:
            findings["valid_error"] = rounded(fmean(score.error for score in scores))
        report_epoch(supernet, findings, self.step.rate, started)
        return findings

    def derived(self) -> dict[str, Any]:
        """Return the best of many random architectures by their supernet scores."""
        config = cast("RandomSharingConfig", self.config)  # only the strategy derives
        rng = self._rng("derived")
        draws = iter(lambda: self.space.sample(rng), None)
        architectures = feasible(
            self.supernet.evaluation, draws, config.sampled, config.proofs, self._rng("repaired")
        )
        return rank(self.supernet, architectures, config.proofs)

    def _samples(self, purpose: str, count: int) -> list[Architecture]:
        rng = self._rng(purpose)
        return [self.space.sample(rng) for _ in range(count)]

    def _rng(self, purpose: str) -> np.random.Generator:
        return generator(self.supernet.note["seed"], purpose, self.supernet.epoch)
