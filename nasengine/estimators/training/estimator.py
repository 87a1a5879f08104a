"""Estimator `train`: every candidate from scratch, for a few epochs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...core.errors import InvalidSettings
from ...core.estimator import Estimator, Evaluation
from ...core.measurement import Measurement
from ...core.objective import Goal
from ...core.outcome import Outcome
from ...core.space import Space
from ...data.common.named import named_dataset
from .config import TrainConfig
from .learned_settings import learned

if TYPE_CHECKING:
    import torch

    from .device_context import DeviceContext
    from .score import Score
    from .trained import Trained

# Settings that change images, or networks of images alone.
OF_IMAGES = ("crop", "flip", "cutout", "drop_path", "auxiliary_weight")
Begin = Callable[["torch.nn.Module"], dict[str, Any]]


class Train(Estimator):
    """Trains on the train part and reports `error` on the valid part, in percent.

    Of text it reports `perplexity`, and `error` where that is asked for: the next words that
    were not foretold. Either is that of the last epoch, or of the best one where `keep` says
    so. Learning rate and batch size in the proposal's note take the place of the settings.
    On the CPU the same seed, settings and number of threads give the same numbers, bit for bit.
    """

    name = "train"
    Config = TrainConfig
    config: TrainConfig

    def provides(self, goal: Goal) -> bool:
        return goal.kind in ("error", "perplexity")

    def objections(self, space: Space, dataset: str) -> dict[str, str]:
        found = {}
        try:
            self.config.settled(space.data_kind)
        except InvalidSettings as error:
            found = {f"estimator_config.{name}": text for name, text in error.errors.items()}
        if space.data_kind == "text":
            for name in OF_IMAGES:
                if getattr(self.config, name):
                    found[f"estimator_config.{name}"] = (
                        f"is for images, and {space.name} reads text: leave it at 0"
                    )
        return found

    def evaluate(self, evaluation: Evaluation) -> Outcome:
        return self.train(evaluation).outcome

    def train(self, evaluation: Evaluation) -> Trained:
        """The same as `evaluate`, but the trained network is kept, None where there is none."""
        return train_and_validate(learned(self.config, evaluation.proposal.note), evaluation)


def train_and_validate(
    config: TrainConfig, evaluation: Evaluation, begin: Begin | None = None
) -> Trained:
    """Trains on the train part; its measurements are those on the valid part.

    `begin` may give the freshly built network other weights; what it returns stands in the
    measurements' detail.
    """
    from .trained import error_measurement, text_measurements, train_network

    dataset = named_dataset(evaluation.dataset, evaluation.dataset_config)
    settled = config.settled(dataset.kind)
    more: dict[str, Any] = {}

    def built(network: torch.nn.Module) -> None:
        if begin is not None:
            more.update(begin(network))

    def conclude(
        network: torch.nn.Module, place: DeviceContext, scores: list[Score | None]
    ) -> tuple[Measurement, ...]:
        scored = [one for one in scores if one is not None]  # all: there is a valid part
        of_text = dataset.kind == "text"
        losses = [one.loss if of_text else one.error for one in scored]
        epoch = chosen_epoch(losses, settled.keep)
        told = {"part": "valid", "epoch": epoch + 1, **more}
        if of_text:
            asked = [goal.name for goal in evaluation.goals] or ["perplexity"]
            return text_measurements(asked, scored[epoch], place, settled, **told)
        return (error_measurement("error", scored[epoch], place, settled, **told),)

    facts, parts = dataset.facts(), dataset.search_parts()
    return train_network(settled, evaluation, facts, parts, conclude, built=built)


def chosen_epoch(losses: list[float], keep: str) -> int:
    """Position of the epoch that counts: the last, or the first of the best ones."""
    return losses.index(min(losses)) if keep == "best" else len(losses) - 1
