"""Trainer: the interface for training the supernet of a one-shot strategy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from .estimator import Evaluation
from .outcome import Outcome

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Trainer(ABC):
    """Executes a strategy's proposals of task "share", one at a time.

    A trainer has the same name in the catalogue as its strategy. Every proposal starts from the
    checkpoint in `evaluation.weights` that its note names, so any process may execute any
    proposal, also twice.

    Args:
        config: The strategy's settings.
        training: The estimator's settings; only device, threads, precision and image
            augmentation are used.
    """

    def __init__(self, config: DataclassInstance, training: Any):
        self.config = config
        self.training = training

    @abstractmethod
    def train(self, evaluation: Evaluation) -> Outcome:
        """Execute one proposal: resume from a checkpoint, train, store the next checkpoint.

        Returns:
            An Outcome of state trained or diverged.

        Raises:
            Cancelled: `evaluation.cancelled` returned True.
            EngineError: the proposal cannot be executed; any other exception is a failure too.
        """
