"""Error and loss of a network on images."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from ...core.errors import Cancelled
from ...data.common.lazy import LazyPart
from .device_context import DeviceContext

BATCH = 512
LAZY_BATCH = 128  # images of any size
MAX_FINITE_LOSS = 700.0  # the exponential of a larger loss overflows


@dataclass(frozen=True)
class Score:
    """Number of wrong answers among `count` images or words, and mean cross-entropy in nats."""

    wrong: int
    count: int
    loss: float

    @property
    def error(self) -> float:
        """Percentage of wrong answers."""
        return 100 * self.wrong / self.count

    @property
    def perplexity(self) -> float:
        """Exponential of the loss; infinite if it overflows."""
        return math.exp(self.loss) if self.loss < MAX_FINITE_LOSS else math.inf

    @property
    def standard_error(self) -> float:
        """Binomial standard error of `error`, in percentage points."""
        share = self.wrong / self.count
        return 100 * (share * (1 - share) / self.count) ** 0.5


def score(
    network: torch.nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    context: DeviceContext,
    cancelled: Callable[[], bool],
) -> Score:
    """Score a network in evaluation mode on images (n x c x h x w) with labels (n).

    Answers with logits that are not finite count as wrong.

    Raises:
        Cancelled: the evaluation was cancelled between batches.
    """
    batches = (
        (images[start : start + BATCH], labels[start : start + BATCH])
        for start in range(0, len(labels), BATCH)
    )
    return score_batches(network, batches, context, cancelled)


def score_lazily(
    network: torch.nn.Module,
    part: LazyPart,
    context: DeviceContext,
    cancelled: Callable[[], bool],
) -> Score:
    """Score a network in evaluation mode on images that are decoded meanwhile, see `score`."""
    count = len(part)
    chosen = [
        np.arange(start, min(start + LAZY_BATCH, count)) for start in range(0, count, LAZY_BATCH)
    ]
    pinned = context.device.type == "cuda"
    batches = (
        (part.inputs(pixels.to(context.device, non_blocking=True)), labels)
        for pixels, labels in part.batches(chosen, pinned=pinned)
    )
    return score_batches(network, batches, context, cancelled)


@torch.inference_mode()
def score_batches(
    network: torch.nn.Module,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    context: DeviceContext,
    cancelled: Callable[[], bool],
) -> Score:
    """Score a network in evaluation mode on batches of images and labels, see `score`."""
    network.eval()
    wrong, count, loss = 0, 0, 0.0
    for images, labels in batches:
        if cancelled():
            raise Cancelled
        targets = labels.to(context.device, non_blocking=True)
        with context.autocast():
            logits = network(context.batch(images)).float()
        loss += functional.cross_entropy(logits, targets, reduction="sum").item()
        right = (logits.argmax(1) == targets) & logits.isfinite().all(1)
        wrong += len(targets) - int(right.sum())
        count += len(targets)
    return Score(wrong, count, loss / count)
