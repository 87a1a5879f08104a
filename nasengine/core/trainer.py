"""Trainer: the interface of how a shared network is trained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from .estimator import Evaluation
from .outcome import Outcome


class Trainer(ABC):
    """Does what a strategy's proposals of task "share" ask for, one at a time.

    Named in the catalogue as its strategy is. `config` is the strategy's, `training` the
    estimator's: of it only where and how to compute is taken (device, threads, number type) and
    how images are changed. Everything a proposal goes on from lies in `evaluation.weights` under
    the number its note names, so any process may do any of them, and twice.
    """

    def __init__(self, config: Any, training: Any):
        self.config = config
        self.training = training

    @abstractmethod
    def train(self, evaluation: Evaluation) -> Outcome:
        """One proposal: trains on from a checkpoint and leaves another behind.

        Returns an Outcome of state trained or diverged. Raises Cancelled when asked to end
        early, EngineError for a refusal; any other exception is a failure.
        """
