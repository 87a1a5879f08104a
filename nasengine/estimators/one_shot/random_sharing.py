"""The trainer of strategy `random-sharing`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .common.trainer import SupernetTrainer

if TYPE_CHECKING:
    from .common.supernet import Shared


class RandomSharingTrainer(SupernetTrainer):
    """One epoch of weights with an architecture drawn for each step, or a ranking of many.

    A note says {"do": "epoch"}, answered by {"train_loss", "train_error", "children": scores of
    a few random architectures}; or {"do": "derive"}, answered by {"genomes", "errors"}, best
    first.
    """

    def act(self, shared: Shared) -> dict[str, Any]:
        from .common.random_epoch import RandomTraining

        training = RandomTraining(self.config, shared)
        return training.epoch() if shared.note["do"] == "epoch" else training.derived()
