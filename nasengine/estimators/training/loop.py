"""The training loop for images: epochs of steps, each epoch scored and reported."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import torch

from ...core.dataset import Part, Preprocessing, TextPart
from ...core.errors import Cancelled, Diverged
from ...core.estimator import Report
from ...core.seeds import derive
from .augment import augment
from .batches import steps_in_epoch
from .checkpoints import Checkpoints
from .config import ResolvedTrainConfig
from .data_parallel import current_group
from .device_context import DeviceContext
from .divergence import LossMonitor, finite_or_none
from .optimizer import make_optimizer
from .schedule import learning_rate
from .score import Score, score
from .sources import source_of
from .step import TrainingStep, set_progress
from .training_state import TrainingState

P = TypeVar("P", Part, TextPart)
# Called with the weights of the last step before averaged ones replace them (text).
OnAveraged = Callable[[dict[str, torch.Tensor]], None]


@dataclass(frozen=True)
class Job(Generic[P]):
    """Input of a training loop: the network on its device, data, settings, seed, callbacks.

    Without `valid` nothing is scored, as in the final training on train and valid. Colour jitter
    needs `preprocessing`. An interrupted training continues from `checkpoints`. A training pauses
    after epoch `until`; nothing else depends on it.
    """

    network: torch.nn.Module
    train: P
    valid: P | None
    config: ResolvedTrainConfig
    context: DeviceContext
    seed: int
    report: Report
    cancelled: Callable[[], bool]
    preprocessing: Preprocessing | None = None
    on_averaged: OnAveraged = lambda last: None
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    until: int | None = None

    @property
    def last_epoch(self) -> int:
        """The epoch after which the loop ends: the last one, or that at which it pauses."""
        return min(self.config.epochs, self.until or self.config.epochs)


def run_epochs(job: Job[Part]) -> Iterator[Score | None]:
    """Train and yield the score on `valid` after each epoch that this process trains.

    Raises:
        Diverged: a loss or a weight is not finite. The epoch is reported first, with None for
            values that are not finite.
        Cancelled: the evaluation was cancelled between batches.
    """
    config, context = job.config, job.context
    source = source_of(job.train, config, context, job.seed)
    valid = context.hold(job.valid.images, job.valid.labels) if job.valid else None
    optimizer = make_optimizer(job.network, config, context.device)
    step = TrainingStep(job, optimizer)
    order = torch.Generator().manual_seed(derive(job.seed, "order"))
    augmentation = torch.Generator().manual_seed(derive(job.seed, "augment"))
    per_epoch = steps_in_epoch(source.count, config.batch_size)
    state = TrainingState(
        job.network,
        optimizer,
        context.device,
        generators={"order": order, "augmentation": augmentation},
    )
    group = current_group()
    cancelled = group.agreed(job.cancelled)
    finished = job.checkpoints.resume(state)
    group.check_equal(finished, "the epoch at which they continue")
    for epoch in range(finished + 1, job.last_epoch + 1):
        started = time.monotonic()
        steps = Steps(job, step, (epoch - 1) * per_epoch, per_epoch)
        monitor = LossMonitor(epoch, config.learning_rate, context.device)
        position = {"epoch": epoch, "epochs": config.epochs}
        result: Score | None = None
        try:
            for images, labels in source.batches(epoch, order):
                if cancelled():
                    raise Cancelled
                batch = augment(images, source.config, augmentation, job.preprocessing)
                monitor.add(steps.take(context.batch(batch), labels))
            if epoch == config.epochs:
                set_progress(job.network, 1.0)
            monitor.check_pending()
            steps.seconds = elapsed(started)
            if valid:
                result = score(job.network, valid[0], valid[1], context, cancelled)
            monitor.check(job.network, result.loss if result else None)
        except Diverged:
            job.report({**position, **epoch_metrics(steps, None, None, started)})
            raise
        job.report({**position, **epoch_metrics(steps, monitor.mean, result, started)})
        job.checkpoints.after_epoch(state, result, is_last=epoch == config.epochs)
        yield result


class Steps:
    """The optimizer steps of one epoch, with the current rate and the count of wrong answers."""

    counted = "train_images"
    seconds: float | None = None  # after the last step

    def __init__(self, job: Job[Part], step: TrainingStep, first_step: int, per_epoch: int):
        self.config = job.config
        self.take_one = step
        self.step = first_step
        self.per_epoch = per_epoch
        self.rate = 0.0
        self.count = 0
        self.wrong = torch.zeros((), dtype=torch.long, device=job.context.device)
        current_group().start_epoch(job.seed, first_step)
        job.network.train()

    def take(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Take one step on n images; return the loss before it, without the auxiliary head's."""
        self.rate = learning_rate(self.config, self.step, self.per_epoch)
        progress = self.step / (self.config.epochs * self.per_epoch)
        loss, missed = self.take_one(images, labels, self.rate, progress)
        self.step += 1
        self.count += len(labels)
        self.wrong += missed.round().long() if missed.is_floating_point() else missed
        return loss

    @property
    def error(self) -> float | None:
        """Percentage of wrong answers during training, None before the first step."""
        return 100 * int(self.wrong) / self.count if self.count else None


def elapsed(started: float) -> float:
    """Return the seconds since `started` (time.monotonic) as reports round them."""
    return round(time.monotonic() - started, 3)


class StepMetrics(Protocol):
    """Steps with their last learning rate, training error, examples and training time.

    Attributes:
        counted: The name of `count` in reports: "train_images" or "train_words".
        count: The examples of the epoch that were trained on.
        seconds: The time of the steps without validation; None if the epoch was interrupted.
    """

    counted: str
    rate: float
    count: int
    seconds: float | None

    @property
    def error(self) -> float | None: ...


def epoch_metrics(
    steps: StepMetrics, train_loss: float | None, result: Score | None, started: float
) -> dict[str, float | None]:
    """Return the metrics of an epoch for its report; every number is finite or None."""
    return {
        "train_loss": finite_or_none(train_loss),
        "train_error": None if train_loss is None else steps.error,
        "valid_error": result.error if result else None,
        "valid_loss": finite_or_none(result.loss) if result else None,
        "learning_rate": steps.rate,
        "seconds": elapsed(started),
        steps.counted: steps.count,
        "train_seconds": steps.seconds,
    }
