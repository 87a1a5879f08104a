"""Trainer of the strategy `enas` (1802.03268)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..common.trainer import SupernetTrainer

if TYPE_CHECKING:
    from ....strategies.one_shot.enas.config import EnasConfig
    from ..common.supernet import Supernet


class EnasTrainer(SupernetTrainer):
    """Trains weights and controller for an epoch, or ranks samples of the policy.

    The note {"do": "epoch"} gives the findings {"train_loss", "train_error", "reward", "entropy"
    (nats per architecture), "baseline", "policy": probabilities of each decision, "best": the
    most likely genome}; {"do": "derive"} gives {"genomes", "errors"}, best first.
    """

    config: EnasConfig

    def act(self, supernet: Supernet) -> dict[str, Any]:
        from .epoch import EnasTraining

        training = EnasTraining(self.config, supernet)
        return training.epoch() if supernet.note["do"] == "epoch" else training.derived()
