"""The final evaluation: training on train and valid, one measurement on the test part."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from ...core.dataset import Dataset, Part, TextPart
from ...core.estimator import Evaluation
from ...core.measurement import Measurement
from ...core.protocol import TrainsOn
from ...data.common.lazy import LazyPart
from ...data.common.named import named_dataset
from ...spaces.common.deployment import as_deployed
from .config import ResolvedTrainConfig, TrainConfig

if TYPE_CHECKING:
    import torch

    from .device_context import DeviceContext
    from .score import Score
    from .trained import Trained


def train_finally(
    config: TrainConfig,
    evaluation: Evaluation,
    *,
    trains_on: TrainsOn = "train+valid",
    dataset: Dataset | None = None,
    parts: tuple | None = None,
) -> Trained:
    """Train from scratch on train and valid together and measure `test_error` once at the end.

    Nothing is scored during the training: reports have None for the validation, and the test
    part cannot influence the selection of an epoch. For text only the train part is used, as in
    the papers, because the valid part triggers averaging; `test_perplexity` and `test_error` are
    measured once at the end.

    Args:
        config: Settings of the training.
        evaluation: The proposal and its surroundings.
        trains_on: Parts of images that are trained on.
        dataset: The data set that the evaluation names; default: it is made here.
        parts: The parts of the training, see `parts_of`; default: those of `trains_on`.

    Raises:
        Cancelled: the evaluation was cancelled between batches.
        EngineError: data, device or architecture are not available.
    """
    from .trained import train_network

    data = dataset or named_dataset(evaluation.dataset, evaluation.dataset_config)
    resolved = config.resolve(data.kind)
    last: dict[str, torch.Tensor] = {}

    def conclude(
        network: torch.nn.Module, context: DeviceContext, scores: list[Score | None]
    ) -> tuple[Measurement, ...]:
        return measure_test(network, data, context, resolved, evaluation.cancelled, last=last)

    pixels = data.preprocessing() if resolved.changes_colours else None
    return train_network(
        resolved,
        evaluation,
        data.facts(),
        parts or parts_of(data, trains_on),
        conclude,
        preprocessing=pixels,
        on_averaged=last.update,
    )


def measure_test(
    network: torch.nn.Module,
    dataset: Dataset,
    context: DeviceContext,
    config: ResolvedTrainConfig,
    cancelled: Callable[[], bool],
    *,
    last: Mapping[str, torch.Tensor] | None = None,
) -> tuple[Measurement, ...]:
    """Measure a trained network on the test part, which is read once.

    It is measured in the form that is stored and in float32, so that a loaded network has exactly
    the measured error. Text is measured statically: weights do not adapt to it.

    Args:
        network: The trained network.
        dataset: Its test part is read.
        context: Device of the network.
        config: Settings of the training, for the details of the measurements.
        cancelled: Polled between batches.
        last: The weights of the last step, if the network has averaged ones (text). Their
            perplexity is added to the details.
    """
    from .divergence import finite_or_none
    from .score import score, score_lazily
    from .text_score import score_text
    from .trained import error_measurement, text_measurements

    exact = replace(context, dtype=_float32())
    extra: dict[str, object] = {"part": "test", "reads": 1, "training_dtype": context.dtype_name}
    deployed = as_deployed(network)
    with _without_tf32():
        if dataset.kind == "text":
            words = cast(TextPart, dataset.test_part()).words
            result = score_text(deployed, words, exact, cancelled)
            if last:
                other = copy.deepcopy(deployed)
                other.load_state_dict(dict(last))
                unaveraged = score_text(other, words, exact, cancelled)
                extra["averaged"] = True
                extra["last_perplexity"] = finite_or_none(unaveraged.perplexity)
            names = ("test_perplexity", "test_error")
            return text_measurements(names, result, exact, config, **extra)
        test = cast("Part | LazyPart", dataset.test_part())
        if isinstance(test, LazyPart):
            result = score_lazily(deployed, test, exact, cancelled)
        else:
            result = score(deployed, test.images, test.labels, exact, cancelled)
        return (error_measurement("test_error", result, exact, config, **extra),)


def train_and_valid(dataset: Dataset[Part]) -> Part | LazyPart:
    """Return train and valid as one part."""
    import torch

    train, valid = dataset.final_parts()
    if isinstance(train, LazyPart):
        return train.joined(valid)
    return Part(
        images=torch.cat([train.images, valid.images]),
        labels=torch.cat([train.labels, valid.labels]),
    )


def parts_of(dataset: Dataset, trains_on: TrainsOn) -> tuple:
    """Return the parts of a final training, see `train_network`."""
    if dataset.kind == "text":
        return dataset.search_parts()
    if trains_on == "train+valid":
        return train_and_valid(dataset), None
    return dataset.final_parts()[0], None


def examples_in_epoch(config: ResolvedTrainConfig, parts: tuple) -> int:
    """Return the number of images (or words) that one epoch of a final training reads."""
    from .batches import images_in_epoch

    train = parts[0]
    if isinstance(train, TextPart):
        return len(train.words) - 1
    return images_in_epoch(len(train.labels), config.batch_size)


def _float32() -> torch.dtype:
    import torch

    return torch.float32


@contextmanager
def _without_tf32() -> Iterator[None]:
    """Multiply in full float32 on GPUs, as other machines do."""
    import torch

    matrix, convolution = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matrix.allow_tf32, convolution.allow_tf32
    matrix.allow_tf32 = convolution.allow_tf32 = False
    try:
        yield
    finally:
        matrix.allow_tf32, convolution.allow_tf32 = before
