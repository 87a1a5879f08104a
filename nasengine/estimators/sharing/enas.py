"""The trainer of strategy `enas`."""

from __future__ import annotations

from ...core.estimator import Evaluation
from ...core.outcome import Outcome
from ...core.trainer import Trainer


class EnasTrainer(Trainer):
    """One epoch of weights, then of the controller; or a ranking of what its policy draws.

    A note says {"do": "epoch"}, answered by {"train_loss", "train_error", "reward", "entropy" (nats
    of a whole architecture), "baseline", "policy": chances of each decision, "best": the likeliest
    genome}; or {"do": "derive"}, answered by {"genomes", "errors"}, best first.
    """

    def train(self, evaluation: Evaluation) -> Outcome:
        from .enas_epoch import EnasTraining
        from .shared import Shared, train_shared

        def act(shared: Shared) -> dict[str, object]:
            training = EnasTraining(self.config, shared)
            return training.epoch() if shared.note["do"] == "epoch" else training.derived()

        return train_shared(self.config, self.training, evaluation, act)
