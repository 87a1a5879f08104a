"""The trainer of strategy `enas`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..common.trainer import SupernetTrainer

if TYPE_CHECKING:
    from ..common.supernet import Shared


class EnasTrainer(SupernetTrainer):
    """One epoch of weights, then of the controller; or a ranking of what its policy draws.

    A note says {"do": "epoch"}, answered by {"train_loss", "train_error", "reward", "entropy" (nats
    of a whole architecture), "baseline", "policy": chances of each decision, "best": the likeliest
    genome}; or {"do": "derive"}, answered by {"genomes", "errors"}, best first.
    """

    def act(self, shared: Shared) -> dict[str, Any]:
        from .epoch import EnasTraining

        training = EnasTraining(self.config, shared)
        return training.epoch() if shared.note["do"] == "epoch" else training.derived()
