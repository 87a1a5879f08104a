"""What the trainers of all strategies with shared weights have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from ....core.estimator import Evaluation
from ....core.outcome import Outcome
from ....core.trainer import Trainer

if TYPE_CHECKING:
    from .supernet import Shared


class SupernetTrainer(Trainer):
    """Readies the shared network for `act`; a rival of what was found needs none.

    A note with {"do": "rival"} asks, of text, for an LSTM as large as the proposal's architecture,
    trained as the estimator would train it: {"network", "hidden", "parameters", "values":
    {objective: value}}.
    """

    def train(self, evaluation: Evaluation) -> Outcome:
        if evaluation.proposal.note["do"] == "rival":
            from .lstm_baseline import train_lstm_baseline

            return train_lstm_baseline(self.training, evaluation)
        from .supernet import train_shared

        return train_shared(self.config, self.training, evaluation, self.act)

    @abstractmethod
    def act(self, shared: Shared) -> dict[str, Any]:
        """Does what the note says, and what was found."""
