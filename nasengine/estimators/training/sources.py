"""Where the batches of a training come from: memory, or files that are decoded meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import torch

from ...core.dataset import Part
from ...core.seeds import derive
from ...data.common.lazy import LazyPart
from .batches import shuffled_batches
from .config import ResolvedTrainConfig
from .device_context import DeviceContext

Batches = Iterator[tuple[torch.Tensor, torch.Tensor]]


class Source(Protocol):
    """The images of a training.

    Attributes:
        count: Number of images.
        config: The settings with the augmentations that are left for whole batches.
    """

    count: int
    config: ResolvedTrainConfig

    def batches(self, epoch: int, order: torch.Generator) -> Batches:
        """Yield inputs (n x c x h x w) and labels (n) on the device, in random order."""


def source_of(
    part: Part | LazyPart, config: ResolvedTrainConfig, context: DeviceContext, seed: int
) -> Source:
    """Return the source of a part's images."""
    if isinstance(part, LazyPart):
        return LazySource(part, config, context, seed)
    return MemorySource(part, config, context)


class MemorySource:
    """Images in memory, on the device if they fit."""

    def __init__(self, part: Part, config: ResolvedTrainConfig, context: DeviceContext):
        self.config = config
        self.context = context
        self.images, self.labels = context.hold(part.images, part.labels)
        self.count = len(self.labels)

    def batches(self, epoch: int, order: torch.Generator) -> Batches:
        device = self.context.device
        for positions in shuffled_batches(self.count, self.config.batch_size, order):
            indices = positions.to(self.images.device, non_blocking=True)
            yield self.images[indices].to(device), self.labels[indices].to(device)


class LazySource:
    """Image files that processes decode ahead; they cut the random-resized crops too."""

    def __init__(
        self, part: LazyPart, config: ResolvedTrainConfig, context: DeviceContext, seed: int
    ):
        self.config = replace(config, resized_crop=0.0)
        self.context = context
        self.part = part
        self.count = len(part)
        self.smallest = config.resized_crop
        self.seed = derive(seed, "crops")

    def batches(self, epoch: int, order: torch.Generator) -> Batches:
        device = self.context.device
        chosen = [
            indices.numpy()
            for indices in shuffled_batches(self.count, self.config.batch_size, order)
        ]
        for pixels, labels in self.part.batches(
            chosen,
            smallest=self.smallest,
            seed=(self.seed, epoch),
            pinned=device.type == "cuda",
        ):
            moved = pixels.to(device, non_blocking=True)
            yield self.part.inputs(moved), labels.to(device, non_blocking=True)
