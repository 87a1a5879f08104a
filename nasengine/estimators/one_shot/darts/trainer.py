"""Trainer of the strategy `darts` (1806.09055)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..common.trainer import SupernetTrainer

if TYPE_CHECKING:
    from ....strategies.one_shot.darts.config import DartsConfig
    from ..common.supernet import Supernet


class DartsTrainer(SupernetTrainer):
    """Trains the relaxed supernet for an epoch with DARTS' two updates, or scores architectures.

    The note {"do": "epoch"} gives the findings {"alphas": {name: lists}, "train_loss",
    "train_error", "valid_loss", "valid_error" (on the architecture's data, before each step),
    "eigenvalue" (if the search stops by it)}; {"do": "derive", "score": genomes, "alphas"} gives
    {"scored": the genomes that meet the constraints, "errors": error in percent, or perplexity, of
    each of them on the valid part}.
    """

    config: DartsConfig

    def act(self, supernet: Supernet) -> dict[str, Any]:
        from .epoch import DartsTraining

        training = DartsTraining(self.config, supernet)
        return training.epoch() if supernet.note["do"] == "epoch" else training.scores()
