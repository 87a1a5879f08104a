"""The final evaluation: training on train and valid, one measurement on the test part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.dataset import Dataset, Part, TextPart
from ...core.estimator import Evaluation
from ...core.measurement import Measurement
from ...data.common.named import named_dataset
from .config import ResolvedTrainConfig, TrainConfig

if TYPE_CHECKING:
    import torch

    from .device_context import DeviceContext
    from .score import Score
    from .trained import Trained


def train_finally(config: TrainConfig, evaluation: Evaluation) -> Trained:
    """Train from scratch on train and valid together and measure `test_error` once at the end.

    Nothing is scored during the training: reports have None for the validation, and the test
    part cannot influence the selection of an epoch. For text only the train part is used, as in
    the papers, because the valid part triggers averaging; `test_perplexity` and `test_error` are
    measured once at the end.

    Raises:
        Cancelled: the evaluation was cancelled between batches.
        EngineError: data, device or architecture are not available.
    """
    from .trained import error_measurement, train_network

    dataset = named_dataset(evaluation.dataset, evaluation.dataset_config)
    resolved = config.resolve(dataset.kind)
    if dataset.kind == "text":
        return _train_on_text(resolved, evaluation, dataset)

    def conclude(
        network: torch.nn.Module, context: DeviceContext, scores: list[Score | None]
    ) -> tuple[Measurement, ...]:
        from .score import score

        test = dataset.test_part()
        result = score(network, test.images, test.labels, context, evaluation.cancelled)
        return (error_measurement("test_error", result, context, resolved, part="test"),)

    parts = (train_and_valid(dataset), None)
    return train_network(resolved, evaluation, dataset.facts(), parts, conclude)


def _train_on_text(
    config: ResolvedTrainConfig, evaluation: Evaluation, dataset: Dataset[TextPart]
) -> Trained:
    from .trained import text_measurements, train_network

    def conclude(
        network: torch.nn.Module, context: DeviceContext, scores: list[Score | None]
    ) -> tuple[Measurement, ...]:
        from .text_score import score_text

        result = score_text(network, dataset.test_part().words, context, evaluation.cancelled)
        names = ("test_perplexity", "test_error")
        return text_measurements(names, result, context, config, part="test")

    parts = dataset.search_parts()
    return train_network(config, evaluation, dataset.facts(), parts, conclude)


def train_and_valid(dataset: Dataset[Part]) -> Part:
    """Return train and valid as one part."""
    import torch

    parts = dataset.search_parts()
    return Part(
        images=torch.cat([part.images for part in parts]),
        labels=torch.cat([part.labels for part in parts]),
    )
