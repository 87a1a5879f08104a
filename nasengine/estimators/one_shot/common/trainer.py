"""Base class of the trainers of one-shot strategies."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from ....core.estimator import Evaluation
from ....core.outcome import Outcome
from ....core.trainer import Trainer

if TYPE_CHECKING:
    from ....strategies.one_shot.common.config import SupernetConfig
    from .supernet import Supernet


LSTM_BASELINE = "rival"  # value of "do" in stored notes


class SupernetTrainer(Trainer):
    """Builds the supernet for `act`; the LSTM baseline of a text search needs no supernet.

    A note with LSTM_BASELINE requests the LSTM baseline of the proposal's architecture, trained
    with the estimator's settings. Its findings are {"network", "hidden", "parameters", "values":
    {objective: value}}.
    """

    config: SupernetConfig

    def train(self, evaluation: Evaluation) -> Outcome:
        if evaluation.proposal.note["do"] == LSTM_BASELINE:
            from .lstm_baseline import train_lstm_baseline

            return train_lstm_baseline(self.training, evaluation)
        from .supernet import train_supernet

        return train_supernet(self.config, self.training, evaluation, self.act)

    @abstractmethod
    def act(self, supernet: Supernet) -> dict[str, Any]:
        """Execute the note and return the findings."""
