"""The final evaluation: full training on all images of the search, one look at the test part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.dataset import Dataset, Part, TextPart
from ...core.estimator import Evaluation
from ...core.measurement import Measurement
from ...data.common.named import named_dataset
from .config import Settled, TrainConfig

if TYPE_CHECKING:
    import torch

    from .device_context import DeviceContext
    from .score import Score
    from .trained import Trained


def train_finally(config: TrainConfig, evaluation: Evaluation) -> Trained:
    """Trains from scratch on train and valid together; measures `test_error` once, at the end.

    Nothing is scored on the way: reports hold None for the validation, and no epoch can
    be picked by the test part. Of text the train part alone is read, as papers do, since the
    valid part says when averaging begins; `test_perplexity` is measured once, at the end.

    Raises:
        Cancelled: asked for between batches.
        EngineError: no such data, device or architecture.
    """
    from .trained import error_measurement, train_network

    dataset = named_dataset(evaluation.dataset, evaluation.dataset_config)
    settled = config.settled(dataset.kind)
    if dataset.kind == "text":
        return _train_on_text(settled, evaluation, dataset)

    def conclude(
        network: torch.nn.Module, place: DeviceContext, scores: list[Score | None]
    ) -> tuple[Measurement, ...]:
        from .score import score

        test = dataset.test_part()
        seen = score(network, test.images, test.labels, place, evaluation.cancelled)
        return (error_measurement("test_error", seen, place, settled, part="test"),)

    parts = (everything(dataset), None)
    return train_network(settled, evaluation, dataset.facts(), parts, conclude)


def _train_on_text(config: Settled, evaluation: Evaluation, dataset: Dataset[TextPart]) -> Trained:
    from .trained import text_measurements, train_network

    def conclude(
        network: torch.nn.Module, place: DeviceContext, scores: list[Score | None]
    ) -> tuple[Measurement, ...]:
        from .text_score import score_text

        seen = score_text(network, dataset.test_part().words, place, evaluation.cancelled)
        names = ("test_perplexity", "test_error")
        return text_measurements(names, seen, place, config, part="test")

    parts = dataset.search_parts()
    return train_network(config, evaluation, dataset.facts(), parts, conclude)


def everything(dataset: Dataset[Part]) -> Part:
    """Train and valid as one part."""
    import torch

    parts = dataset.search_parts()
    return Part(
        images=torch.cat([part.images for part in parts]),
        labels=torch.cat([part.labels for part in parts]),
    )
