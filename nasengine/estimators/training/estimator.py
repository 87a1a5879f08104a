"""Estimator `train`: trains every candidate from scratch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from ...core.dataset import DataKind
from ...core.estimator import Estimator, Evaluation
from ...core.measurement import Measurement
from ...core.objective import Goal
from ...core.outcome import Outcome, TrainingProgress
from ...core.space import Space
from ...data.common.named import named_dataset
from .config import ResolvedTrainConfig, TrainConfig, settings_errors
from .learned_settings import with_learned_settings

if TYPE_CHECKING:
    import torch

    from .device_context import DeviceContext
    from .score import Score
    from .trained import Trained

IMAGE_SETTINGS = (
    "crop",
    "flip",
    "resized_crop",
    "colour_jitter",
    "hue_jitter",
    "cutout",
    "drop_path",
    "drop_path_by_depth",
    "dropout",
    "group_lasso",
    "auxiliary_weight",
)
# By the kind of data of a space: the other kind, and the settings that apply only to that one.
OTHER_SETTINGS: dict[DataKind, tuple[str, tuple[str, ...]]] = {
    "text": ("images", IMAGE_SETTINGS),
    "images": ("text", ("slowness",)),
}
InitialWeights = Callable[["torch.nn.Module"], dict[str, Any]]


class Train(Estimator):
    """Trains on the train part and reports `error` on the valid part, in percent.

    For text it reports `perplexity`, and `error` (wrongly predicted next words) if that is an
    objective. The score is that of the last epoch, or of the best one with `keep` best. A
    learning rate or batch size in the proposal's note overrides the settings. On the CPU the same
    seed, settings and number of threads give bitwise equal results.
    """

    name = "train"
    Config = TrainConfig
    trains_in_parts = True
    interleaves = True
    config: TrainConfig

    def provides(self, goal: Goal) -> bool:
        return goal.kind in ("error", "perplexity")

    def objections(self, space: Space, dataset: str) -> dict[str, str]:
        errors = settings_errors(self.config, space.data_kind)
        other, names = OTHER_SETTINGS[space.data_kind]
        for name in names:
            if getattr(self.config, name):
                errors[f"estimator_config.{name}"] = (
                    f"applies only to {other}, and {space.name} reads {space.data_kind}: set it to "
                    "0"
                )
        return errors

    def evaluate(self, evaluation: Evaluation) -> Outcome:
        return self.train(evaluation).outcome

    def train(self, evaluation: Evaluation) -> Trained:
        """Evaluate a proposal and return the outcome together with the trained network."""
        return train_and_validate(
            with_learned_settings(self.config, evaluation.proposal.note), evaluation
        )


def train_and_validate(
    config: TrainConfig, evaluation: Evaluation, initial_weights: InitialWeights | None = None
) -> Trained:
    """Train on the train part and measure on the valid part.

    Args:
        config: Settings of the training.
        evaluation: The proposal and its surroundings.
        initial_weights: Called with the new network, whose weights it may change. The dict that
            it returns is added to the details of the measurements.
    """
    from .trained import error_measurement, text_measurements, train_network

    dataset = named_dataset(evaluation.dataset, evaluation.dataset_config)
    resolved = config.resolve(dataset.kind)
    extra: dict[str, Any] = {}
    course: list[TrainingProgress] = []

    def on_built(network: torch.nn.Module) -> None:
        if initial_weights is not None:
            extra.update(initial_weights(network))

    def conclude(
        network: torch.nn.Module, context: DeviceContext, scores: list[Score | None]
    ) -> tuple[Measurement, ...]:
        valid = [score for score in scores if score is not None]  # one for every epoch
        is_text = dataset.kind == "text"
        losses = [score.loss if is_text else score.error for score in valid]
        epoch = selected_epoch(losses, resolved.keep)
        if evaluation.proposal.until is not None:
            course.append(_progress(evaluation, valid, resolved))
        detail = {"part": "valid", "epoch": epoch + 1, **extra}
        if is_text:
            names = [goal.name for goal in evaluation.goals] or ["perplexity"]
            return text_measurements(names, valid[epoch], context, resolved, **detail)
        return (error_measurement("error", valid[epoch], context, resolved, **detail),)

    facts, parts = dataset.facts(), dataset.search_parts()
    trained = train_network(
        resolved,
        evaluation,
        facts,
        parts,
        conclude,
        on_built=on_built,
        preprocessing=dataset.preprocessing() if resolved.changes_colours else None,
    )
    if not course:
        return trained
    return replace(trained, outcome=replace(trained.outcome, training=course[0]))


def _progress(
    evaluation: Evaluation, scores: list[Score], config: ResolvedTrainConfig
) -> TrainingProgress:
    """Return how far a training has come, with what would be reported after each epoch."""
    name = next((g.name for g in evaluation.goals if g.kind in ("error", "perplexity")), "error")
    values = [s.perplexity if name == "perplexity" else s.error for s in scores]
    if config.keep == "best":
        values = list(accumulate(values, min))
    return TrainingProgress(len(scores), config.epochs, name, tuple(values))


def selected_epoch(losses: list[float], keep: str) -> int:
    """Return the position of the reported epoch: the last, or the first of the best ones."""
    return losses.index(min(losses)) if keep == "best" else len(losses) - 1
