"""Error and loss of a network on images."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional

from ...core.errors import Cancelled
from .device_context import DeviceContext

BATCH = 512
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


@torch.inference_mode()
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
    network.eval()
    wrong, loss = 0, 0.0
    for start in range(0, len(labels), BATCH):
        if cancelled():
            raise Cancelled
        targets = labels[start : start + BATCH].to(context.device, non_blocking=True)
        with context.autocast():
            logits = network(context.batch(images[start : start + BATCH])).float()
        loss += functional.cross_entropy(logits, targets, reduction="sum").item()
        right = (logits.argmax(1) == targets) & logits.isfinite().all(1)
        wrong += len(targets) - int(right.sum())
    return Score(wrong, len(labels), loss / len(labels))
