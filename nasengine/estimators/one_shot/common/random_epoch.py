"""Random search with weight sharing on a shared network: an epoch of weights, and a ranking."""

from __future__ import annotations

import time
from statistics import fmean
from typing import Any

import numpy as np

from ....core.architecture import Architecture
from ....core.seeds import generator
from .checkpoint import go_on, keep
from .ranking import QUICK, ranked
from .supernet import Shared, Tally, check_finite, rounded, tell
from .weights_step import WeightsStep


class RandomTraining:
    """A shared network at the beginning of an epoch, and a generator of architectures."""

    def __init__(self, config: Any, shared: Shared):
        self.config = config
        self.shared = shared
        self.space = shared.evaluation.space
        self.step = WeightsStep(config, shared)
        self.optimisers = {"weights": self.step.optimiser}
        go_on(shared, self.optimisers)

    def epoch(self) -> dict[str, Any]:
        """Trains one epoch, leaves a checkpoint, and says what it found."""
        started = time.monotonic()
        shared = self.shared
        rng = self._rng("children")
        train = Tally(shared, self.step.rate)
        for batch in shared.feed.weights_batches(shared.epoch):
            choices = self.space.choices(self.space.sample(rng))
            train.add(self.step.take(batch, choices), batch)
        findings: dict[str, Any] = train.told("train")
        named = dict(shared.network.named_parameters())
        check_finite(named, shared.epoch + 1, f"lower the learning rate ({self.step.rate:g})")
        keep(shared, self.optimisers)
        watched = [
            shared.feed.score(shared.network, self.space.choices(one), QUICK)
            for one in self._drawn("watched", self.config.watched)
        ]
        findings["children"] = [rounded(one.value) for one in watched]
        if watched:
            findings["valid_error"] = rounded(fmean(one.error for one in watched))
        tell(shared, findings, self.step.rate, started)
        return findings

    def derived(self) -> dict[str, Any]:
        """The best of many random architectures with shared weights."""
        drawn = self._drawn("derived", self.config.sampled)
        return ranked(self.shared, drawn, self.config.proofs)

    def _drawn(self, purpose: str, count: int) -> list[Architecture]:
        rng = self._rng(purpose)
        return [self.space.sample(rng) for _ in range(count)]

    def _rng(self, purpose: str) -> np.random.Generator:
        return generator(self.shared.note["seed"], purpose, self.shared.epoch)
