"""The image feed of a supernet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch.nn import functional

from ....core.dataset import Part
from ...training.augment import augment
from ...training.batches import images_in_epoch, shuffled_batches, steps_in_epoch
from ...training.device_context import DeviceContext
from .batch import Choices, FeedSettings, Pair, SupernetScore, Tensors

SCORE_BATCH = 256  # fixed, because batch normalisation depends on the batch


class ImageBatch:
    """n images (c x h x w) with labels on a device."""

    share = 1.0

    def __init__(
        self,
        images: torch.Tensor,
        labels: torch.Tensor,
        context: DeviceContext,
        auxiliary_weight: float = 0.0,
    ):
        self.images = images
        self.labels = labels
        self.context = context
        self.auxiliary_weight = auxiliary_weight
        self.count = len(labels)
        self.wrong = torch.zeros((), dtype=torch.long, device=labels.device)
        self.value = torch.zeros((), device=labels.device)

    def loss(self, network: Any, choices: Choices = None) -> torch.Tensor:
        return self._losses(network, choices)[0]

    def objective(self, network: Any, choices: Choices = None) -> torch.Tensor:
        loss, auxiliary = self._losses(network, choices)
        return loss if auxiliary is None else loss + self.auxiliary_weight * auxiliary

    @property
    def tensors(self) -> Tensors | None:
        return self.images, self.labels

    def like(self, tensors: Tensors) -> ImageBatch:
        images, labels = tensors
        return ImageBatch(images, labels, self.context, self.auxiliary_weight)

    @property
    def results(self) -> Tensors:
        return self.value, self.wrong

    def accept(self, results: Tensors) -> None:
        self.value, self.wrong = results

    def _losses(self, network: Any, choices: Choices) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return the losses of the classifier and of the auxiliary head, if there is one."""
        with self.context.autocast():
            if choices is None:
                output = network(self.images)
            else:
                output = network.forward_architecture(self.images, choices)
        logits, auxiliary = output if isinstance(output, tuple) else (output, None)
        logits = _exact(logits)
        self.wrong = (logits.detach().argmax(1) != self.labels).sum()
        loss = functional.cross_entropy(logits, self.labels)
        self.value = loss.detach()
        if auxiliary is None:
            return loss, None
        return loss, functional.cross_entropy(_exact(auxiliary), self.labels)


@dataclass(frozen=True)
class Side:
    """The images that train one side, weights or architecture, as positions in a part."""

    images: torch.Tensor
    labels: torch.Tensor
    positions: torch.Tensor


class ImageFeed:
    """Training images split by the seed into weights and architecture data, and valid images."""

    def __init__(self, parts: tuple[Part, Part], settings: FeedSettings):
        train, valid = parts
        self.settings = settings
        self.context = settings.context
        images, labels = self.context.hold(train.images, train.labels)
        self.valid = self.context.hold(valid.images, valid.labels)
        self.size = images_in_epoch(len(labels), settings.batch_size)
        order = torch.randperm(len(labels), generator=settings.generator("sides"))
        cut = round(settings.weights_portion * len(order))
        if settings.architecture_data == "valid":
            self.weights = Side(images, labels, order)
            held, answers = self.valid
            self.architecture = Side(held, answers, torch.arange(len(answers)))
        else:
            self.weights = Side(images, labels, order[:cut])
            self.architecture = Side(images, labels, order[cut:])

    def steps(self, epoch: int) -> int:
        whole = steps_in_epoch(len(self.weights.positions), self.settings.batch_size)
        return self.settings.steps(whole)

    def check(self) -> None:
        self.settings.check()

    def pairs(self, epoch: int) -> Iterator[Pair]:
        architecture = self.architecture_batches(epoch)
        for batch in self.weights_batches(epoch):
            yield Pair(batch, next(architecture))

    def weights_batches(self, epoch: int) -> Iterator[ImageBatch]:
        augmentation = self.settings.generator("augment", epoch)
        order = self.settings.generator("order", epoch)
        count = len(self.weights.positions)
        batches = shuffled_batches(count, self.settings.batch_size, order)
        for positions in islice(batches, self.steps(epoch)):
            self.settings.check()
            yield self._batch(self.weights, positions, augmentation)

    def architecture_batches(self, epoch: int, size: int | None = None) -> Iterator[ImageBatch]:
        augmentation = self.settings.generator("augment architecture", epoch)
        order = self.settings.generator("order architecture", epoch)
        size = size or self.settings.batch_size
        while True:
            for positions in shuffled_batches(len(self.architecture.positions), size, order):
                yield self._batch(self.architecture, positions, augmentation)

    @torch.no_grad()
    def score(self, network: Any, choices: Choices, limit: int | None = None) -> SupernetScore:
        network.eval()  # without dropout, drop-path and auxiliary head
        wrong, loss, count = 0, 0.0, len(self.valid[1][:limit])
        for start in range(0, count, SCORE_BATCH):
            self.settings.check()
            images, labels = (tensor[:limit][start : start + SCORE_BATCH] for tensor in self.valid)
            batch = ImageBatch(
                self.context.batch(images), labels.to(self.context.device), self.context
            )
            loss += float(batch.loss(network, choices)) * batch.count
            wrong += int(batch.wrong)
        network.train()
        return SupernetScore(wrong, count, loss / count, value=100 * wrong / count)

    def _batch(
        self, side: Side, positions: torch.Tensor, augmentation: torch.Generator
    ) -> ImageBatch:
        indices = side.positions[positions].to(side.images.device, non_blocking=True)
        images = side.images[indices].to(self.context.device)
        images = augment(images, self.settings.augmentation, augmentation)
        labels = side.labels[indices].to(self.context.device)
        weight = self.settings.auxiliary_weight
        return ImageBatch(self.context.batch(images), labels, self.context, weight)


def _exact(logits: torch.Tensor) -> torch.Tensor:
    """Return logits of half precision in single precision."""
    return logits.float() if logits.dtype == torch.bfloat16 else logits
