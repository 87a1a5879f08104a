"""The trainer of strategy `random-sharing`."""

from __future__ import annotations

from ...core.estimator import Evaluation
from ...core.outcome import Outcome
from ...core.trainer import Trainer


class RandomSharingTrainer(Trainer):
    """One epoch of weights with an architecture drawn for each step, or a ranking of many.

    A note says {"do": "epoch"}, answered by {"train_loss", "train_error", "children": scores of
    a few random architectures}; or {"do": "derive"}, answered by {"genomes", "errors"}, best
    first.
    """

    def train(self, evaluation: Evaluation) -> Outcome:
        from .random_epoch import RandomTraining
        from .shared import Shared, train_shared

        def act(shared: Shared) -> dict[str, object]:
            training = RandomTraining(self.config, shared)
            return training.epoch() if shared.note["do"] == "epoch" else training.derived()

        return train_shared(self.config, self.training, evaluation, act)
