"""Trainer of the strategy `random-sharing` (1902.07638)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .common.trainer import SupernetTrainer

if TYPE_CHECKING:
    from ...strategies.one_shot.random_sharing import RandomSharingConfig
    from .common.supernet import Supernet


class RandomSharingTrainer(SupernetTrainer):
    """Trains the supernet through one random architecture per step, or ranks random architectures.

    The note {"do": "epoch"} gives the findings {"train_loss", "train_error", "children": scores
    of the evaluation samples}; {"do": "derive"} gives {"genomes", "errors"}, best first.
    """

    config: RandomSharingConfig

    def act(self, supernet: Supernet) -> dict[str, Any]:
        from .common.random_epoch import RandomTraining

        training = RandomTraining(self.config, supernet)
        return training.epoch() if supernet.note["do"] == "epoch" else training.derived()
