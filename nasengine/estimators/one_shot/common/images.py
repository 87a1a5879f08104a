"""The image feed of a supernet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.nn import functional

from ....core.dataset import Part
from ...training.augment import augment
from ...training.batches import images_in_epoch, shuffled_batches, steps_in_epoch
from ...training.device_context import DeviceContext
from .batch import Choices, FeedSettings, Pair, SupernetScore

SCORE_BATCH = 256  # fixed, because batch normalisation depends on the batch


class ImageBatch:
    """n images (c x h x w) with labels on a device."""

    share = 1.0

    def __init__(self, images: torch.Tensor, labels: torch.Tensor, context: DeviceContext):
        self.images = images
        self.labels = labels
        self.context = context
        self.count = len(labels)
        self.wrong = torch.zeros((), dtype=torch.long)

    def loss(self, network: Any, choices: Choices = None) -> torch.Tensor:
        with self.context.autocast():
            if choices is None:
                logits = network(self.images)
            else:
                logits = network.forward_architecture(self.images, choices)
        logits = logits.float() if logits.dtype == torch.bfloat16 else logits
        self.wrong = (logits.detach().argmax(1) != self.labels).sum()
        return functional.cross_entropy(logits, self.labels)


class ImageFeed:
    """Training images split by the seed into weights and architecture data, and valid images."""

    def __init__(self, parts: tuple[Part, Part], settings: FeedSettings):
        train, valid = parts
        self.settings = settings
        self.context = settings.context
        self.images, self.labels = self.context.hold(train.images, train.labels)
        self.valid = self.context.hold(valid.images, valid.labels)
        self.size = images_in_epoch(len(self.labels), settings.batch_size)
        order = torch.randperm(len(self.labels), generator=settings.generator("sides"))
        cut = round(settings.weights_portion * len(order))
        self.sides = order[:cut], order[cut:]

    def steps(self, epoch: int) -> int:
        return steps_in_epoch(len(self.sides[0]), self.settings.batch_size)

    def check(self) -> None:
        self.settings.check()

    def pairs(self, epoch: int) -> Iterator[Pair]:
        architecture = self.architecture_batches(epoch)
        for batch in self.weights_batches(epoch):
            yield Pair(batch, next(architecture))

    def weights_batches(self, epoch: int) -> Iterator[ImageBatch]:
        augmentation = self.settings.generator("augment", epoch)
        order = self.settings.generator("order", epoch)
        for positions in shuffled_batches(len(self.sides[0]), self.settings.batch_size, order):
            self.settings.check()
            yield self._batch(0, positions, augmentation)

    def architecture_batches(self, epoch: int, size: int | None = None) -> Iterator[ImageBatch]:
        augmentation = self.settings.generator("augment architecture", epoch)
        order = self.settings.generator("order architecture", epoch)
        size = size or self.settings.batch_size
        while True:
            for positions in shuffled_batches(len(self.sides[1]), size, order):
                yield self._batch(1, positions, augmentation)

    @torch.no_grad()
    def score(self, network: Any, choices: Choices, limit: int | None = None) -> SupernetScore:
        wrong, loss, count = 0, 0.0, len(self.valid[1][:limit])
        for start in range(0, count, SCORE_BATCH):
            self.settings.check()
            images, labels = (tensor[:limit][start : start + SCORE_BATCH] for tensor in self.valid)
            batch = ImageBatch(
                self.context.batch(images), labels.to(self.context.device), self.context
            )
            loss += float(batch.loss(network, choices)) * batch.count
            wrong += int(batch.wrong)
        return SupernetScore(wrong, count, loss / count, value=100 * wrong / count)

    def _batch(
        self, side: int, positions: torch.Tensor, augmentation: torch.Generator
    ) -> ImageBatch:
        indices = self.sides[side][positions].to(self.images.device)
        images = self.images[indices].to(self.context.device)
        images = augment(images, self.settings.augmentation, augmentation)
        labels = self.labels[indices].to(self.context.device)
        return ImageBatch(self.context.batch(images), labels, self.context)
