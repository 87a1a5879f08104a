"""The trainer of strategy `darts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..common.trainer import SupernetTrainer

if TYPE_CHECKING:
    from ..common.supernet import Shared


class DartsTrainer(SupernetTrainer):
    """One epoch of DARTS' two updates on a space's relaxed shared network, or scores with it.

    A note says {"do": "epoch"}, answered by {"alphas": {name: lists}, "train_loss",
    "train_error", "valid_loss", "valid_error" (of the architecture's half, before each step),
    "eigenvalue" where the search stops by it}; or {"do": "derive", "score": genomes}, answered
    by {"errors": percent or perplexity of each on the validation part}.
    """

    def act(self, shared: Shared) -> dict[str, Any]:
        from .epoch import DartsTraining

        training = DartsTraining(self.config, shared)
        return training.epoch() if shared.note["do"] == "epoch" else training.scores()
