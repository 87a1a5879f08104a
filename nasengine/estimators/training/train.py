"""Estimator `train`: every candidate from scratch, for a few epochs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...core.estimator import Estimator, Evaluation
from ...core.measurement import Measurement
from ...core.objective import Goal
from ...core.outcome import Outcome
from ...data.named import named_dataset
from .config import TrainConfig
from .learned import learned

if TYPE_CHECKING:
    import torch

    from .place import Place
    from .score import Score
    from .trained import Trained

Begin = Callable[["torch.nn.Module"], dict[str, Any]]


class Train(Estimator):
    """Trains on the train part and reports `error` on the valid part, in percent.

    The error is that of the last epoch, or of the best one where `keep` says so. Learning
    rate and batch size in the proposal's note take the place of the settings. On the CPU the
    same seed, settings and number of threads give the same numbers, bit for bit.
    """

    name = "train"
    Config = TrainConfig
    config: TrainConfig

    def provides(self, goal: Goal) -> bool:
        return goal.kind in ("error", "perplexity")

    def evaluate(self, evaluation: Evaluation) -> Outcome:
        return self.train(evaluation).outcome

    def train(self, evaluation: Evaluation) -> Trained:
        """The same as `evaluate`, but the trained network is kept, None where there is none."""
        return train_and_validate(learned(self.config, evaluation.proposal.note), evaluation)


def train_and_validate(
    config: TrainConfig, evaluation: Evaluation, begin: Begin | None = None
) -> Trained:
    """Trains on the train part; its measurement is the error on the valid part.

    `begin` may give the freshly built network other weights; what it returns stands in the
    measurement's detail.
    """
    from .trained import error_measurement, train_network

    dataset = named_dataset(evaluation.dataset, evaluation.dataset_config)
    more: dict[str, Any] = {}

    def built(network: torch.nn.Module) -> None:
        if begin is not None:
            more.update(begin(network))

    def conclude(network: torch.nn.Module, place: Place, scores: list[Score | None]) -> Measurement:
        scored = [one for one in scores if one is not None]  # all: there is a valid part
        epoch = chosen_epoch([one.error for one in scored], config.keep)
        return error_measurement(
            "error", scored[epoch], place, config, part="valid", epoch=epoch + 1, **more
        )

    facts, parts = dataset.facts(), dataset.search_parts()
    return train_network(config, evaluation, facts, parts, conclude, built=built)


def chosen_epoch(errors: list[float], keep: str) -> int:
    """Position of the epoch that counts: the last, or the first of the best ones."""
    return errors.index(min(errors)) if keep == "best" else len(errors) - 1
