"""The trainer of strategy `darts`."""

from __future__ import annotations

from ...core.estimator import Evaluation
from ...core.outcome import Outcome
from ...core.trainer import Trainer


class DartsTrainer(Trainer):
    """One epoch of DARTS' two updates on a space's relaxed shared network, or scores with it.

    A note says {"do": "epoch"}, answered by {"alphas": {name: lists}, "train_loss",
    "train_error", "valid_loss", "valid_error" (of the architecture's half, before each step),
    "eigenvalue" where the search stops by it}; or {"do": "derive", "score": genomes}, answered
    by {"errors": percent or perplexity of each on the validation part}.
    """

    def train(self, evaluation: Evaluation) -> Outcome:
        from .darts_epoch import DartsTraining
        from .shared import Shared, train_shared

        def act(shared: Shared) -> dict[str, object]:
            training = DartsTraining(self.config, shared)
            return training.epoch() if shared.note["do"] == "epoch" else training.scores()

        return train_shared(self.config, self.training, evaluation, act)
