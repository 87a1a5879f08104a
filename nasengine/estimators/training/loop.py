"""The training loop: epochs of steps on one network, each epoch told and scored."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch.nn import functional

from ...core.dataset import Part, TextPart
from ...core.errors import Cancelled, Diverged
from ...core.estimator import Report
from ...core.seeds import derive
from .augment import augment
from .batches import shuffled_batches, steps_in_epoch
from .config import Settled
from .device_context import DeviceContext
from .divergence import LossWatch, finite_or_none
from .optimizer import make_optimizer, set_rate
from .schedule import learning_rate
from .score import Score, score

P = TypeVar("P", Part, TextPart)


@dataclass(frozen=True)
class Job(Generic[P]):
    """What a training needs: a network on its place, parts, settings, seed, listeners.

    Without `valid` nothing is scored: the final training on images has none left for it.
    """

    network: torch.nn.Module
    train: P
    valid: P | None
    config: Settled
    place: DeviceContext
    seed: int
    report: Report
    cancelled: Callable[[], bool]


def run_epochs(job: Job[Part]) -> Iterator[Score | None]:
    """Trains; yields the score on `valid` after each epoch.

    Raises:
        Diverged: a loss, a weight or the validation loss is not finite; the epoch is
            reported before, with None in place of what has no number.
        Cancelled: asked for between batches.
    """
    config, place = job.config, job.place
    images, labels = place.hold(job.train.images, job.train.labels)
    valid = place.hold(job.valid.images, job.valid.labels) if job.valid else None
    optimiser = make_optimizer(job.network, config)
    order = torch.Generator().manual_seed(derive(job.seed, "order"))
    changes = torch.Generator().manual_seed(derive(job.seed, "augment"))
    per_epoch = steps_in_epoch(len(labels), config.batch_size)
    for epoch in range(1, config.epochs + 1):
        started = time.monotonic()
        steps = Steps(job, optimiser, (epoch - 1) * per_epoch, per_epoch)
        watch = LossWatch(epoch, config.learning_rate, place.device)
        told = {"epoch": epoch, "epochs": config.epochs}
        seen: Score | None = None
        try:
            for chosen in shuffled_batches(len(labels), config.batch_size, order):
                if job.cancelled():
                    raise Cancelled
                taken = chosen.to(images.device)
                batch = augment(images[taken].to(place.device), config, changes)
                watch.add(steps.take(place.batch(batch), labels[taken].to(place.device)))
            if epoch == config.epochs:
                set_progress(job.network, 1.0)
            watch.look()
            if valid:
                seen = score(job.network, valid[0], valid[1], place, job.cancelled)
            watch.check(job.network, seen.loss if seen else None)
        except Diverged:
            job.report({**told, **numbers(steps, None, None, started)})
            raise
        job.report({**told, **numbers(steps, watch.mean, seen, started)})
        yield seen


class Steps:
    """The steps of one epoch: rate, loss, gradients, update; counts wrong answers."""

    def __init__(
        self, job: Job[Part], optimiser: torch.optim.Optimizer, before: int, per_epoch: int
    ):
        self.job = job
        self.optimiser = optimiser
        self.step = before
        self.per_epoch = per_epoch
        self.rate = 0.0
        self.count = 0
        self.wrong = torch.zeros((), dtype=torch.long, device=job.place.device)
        job.network.train()

    def take(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """One step on n images; the loss before it, without the auxiliary head's."""
        config = self.job.config
        network: Any = self.job.network  # whose drop_path is set
        self.rate = learning_rate(config, self.step, self.per_epoch)
        set_rate(self.optimiser, self.rate)
        share = self.step / (config.epochs * self.per_epoch)
        network.drop_path = config.drop_path * share
        set_progress(network, share)
        with self.job.place.autocast():
            answer = network(images)
        logits, second = answer if isinstance(answer, tuple) else (answer, None)
        loss = total = self._loss(logits, labels)
        if second is not None:
            total = loss + config.auxiliary_weight * self._loss(second, labels)
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        if config.gradient_clip:
            torch.nn.utils.clip_grad_norm_(network.parameters(), config.gradient_clip)
        self.optimiser.step()
        self.step += 1
        self.count += len(labels)
        self.wrong += (logits.detach().argmax(1) != labels).sum()
        return loss

    @property
    def error(self) -> float | None:
        """Percent of wrong answers given while training, None before the first."""
        return 100 * int(self.wrong) / self.count if self.count else None

    def _loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        smoothing = self.job.config.label_smoothing
        return functional.cross_entropy(logits.float(), labels, label_smoothing=smoothing)


def set_progress(network: Any, share: float) -> None:
    """Tells a network that changes while it is trained which share of the training is over.

    It reaches 1 behind the last step, so what is scored in the end has its final form.
    """
    if hasattr(network, "progress"):
        network.progress = share


class Counted(Protocol):
    """Steps that know their last rate and how often they were wrong."""

    rate: float

    @property
    def error(self) -> float | None: ...


def numbers(
    steps: Counted, train_loss: float | None, seen: Score | None, started: float
) -> dict[str, float | None]:
    """What an epoch tells of itself; every number is finite or None."""
    return {
        "train_loss": finite_or_none(train_loss),
        "train_error": None if train_loss is None else steps.error,
        "valid_error": seen.error if seen else None,
        "valid_loss": finite_or_none(seen.loss) if seen else None,
        "learning_rate": steps.rate,
        "seconds": round(time.monotonic() - started, 3),
    }
