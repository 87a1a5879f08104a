"""Feeding a shared network with images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.nn import functional

from ....core.dataset import Part
from ...training.augment import augment
from ...training.batches import shuffled_batches, steps_in_epoch
from ...training.device_context import DeviceContext
from .batch import Choices, Course, Pair, Seen

SCORED = 256  # images at once; batch normalisation sees the same groups each time


class ImageBatch:
    """n images c x h x w on their place, with labels."""

    share = 1.0

    def __init__(self, images: torch.Tensor, labels: torch.Tensor, place: DeviceContext):
        self.images = images
        self.labels = labels
        self.place = place
        self.count = len(labels)
        self.wrong = torch.zeros((), dtype=torch.long)

    def loss(self, network: Any, choices: Choices = None) -> torch.Tensor:
        with self.place.autocast():
            if choices is None:
                logits = network(self.images)
            else:
                logits = network.forward_architecture(self.images, choices)
        logits = logits.float() if logits.dtype == torch.bfloat16 else logits
        self.wrong = (logits.detach().argmax(1) != self.labels).sum()
        return functional.cross_entropy(logits, self.labels)


class ImageFeed:
    """The training images on two sides by the seed; those of the valid part are scored."""

    def __init__(self, parts: tuple[Part, Part], course: Course):
        train, valid = parts
        self.course = course
        self.place = course.place
        self.images, self.labels = self.place.hold(train.images, train.labels)
        self.valid = self.place.hold(valid.images, valid.labels)
        order = torch.randperm(len(self.labels), generator=course.generator("sides"))
        cut = round(course.portion * len(order))
        self.sides = order[:cut], order[cut:]

    def steps(self, epoch: int) -> int:
        return steps_in_epoch(len(self.sides[0]), self.course.batch_size)

    def check(self) -> None:
        self.course.check()

    def pairs(self, epoch: int) -> Iterator[Pair]:
        architecture = self.architecture_batches(epoch)
        for batch in self.weights_batches(epoch):
            yield Pair(batch, next(architecture))

    def weights_batches(self, epoch: int) -> Iterator[ImageBatch]:
        changes = self.course.generator("augment", epoch)
        order = self.course.generator("order", epoch)
        for chosen in shuffled_batches(len(self.sides[0]), self.course.batch_size, order):
            self.course.check()
            yield self._batch(0, chosen, changes)

    def architecture_batches(self, epoch: int, size: int | None = None) -> Iterator[ImageBatch]:
        changes = self.course.generator("augment architecture", epoch)
        order = self.course.generator("order architecture", epoch)
        size = size or self.course.batch_size
        while True:
            for chosen in shuffled_batches(len(self.sides[1]), size, order):
                yield self._batch(1, chosen, changes)

    @torch.no_grad()
    def score(self, network: Any, choices: Choices, most: int | None = None) -> Seen:
        wrong, loss, count = 0, 0.0, len(self.valid[1][:most])
        for start in range(0, count, SCORED):
            self.course.check()
            images, labels = (one[:most][start : start + SCORED] for one in self.valid)
            batch = ImageBatch(self.place.batch(images), labels.to(self.place.device), self.place)
            loss += float(batch.loss(network, choices)) * batch.count
            wrong += int(batch.wrong)
        return Seen(wrong, count, loss / count, value=100 * wrong / count)

    def _batch(self, side: int, chosen: torch.Tensor, changes: torch.Generator) -> ImageBatch:
        taken = self.sides[side][chosen].to(self.images.device)
        images = augment(self.images[taken].to(self.place.device), self.course.changes, changes)
        labels = self.labels[taken].to(self.place.device)
        return ImageBatch(self.place.batch(images), labels, self.place)
