"""How wrong a network is on a part."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional

from ...core.errors import Cancelled
from .device_context import DeviceContext

BATCH = 512
LARGEST = 700.0  # of losses whose exponential is a number


@dataclass(frozen=True)
class Score:
    """Wrong answers out of `count` images or words and the mean cross-entropy in nats."""

    wrong: int
    count: int
    loss: float

    @property
    def error(self) -> float:
        """Percent."""
        return 100 * self.wrong / self.count

    @property
    def perplexity(self) -> float:
        """e to the loss; infinite where no number is so large."""
        return math.exp(self.loss) if self.loss < LARGEST else math.inf

    @property
    def standard_error(self) -> float:
        """Of `error`, in percent points, by the binomial law: what so few inputs leave open."""
        share = self.wrong / self.count
        return 100 * (share * (1 - share) / self.count) ** 0.5


@torch.inference_mode()
def score(
    network: torch.nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    place: DeviceContext,
    cancelled: Callable[[], bool],
) -> Score:
    """The network in evaluation mode on images n x c x h x w with labels n.

    An answer that is not a number counts as wrong.

    Raises:
        Cancelled: asked for between batches.
    """
    network.eval()
    wrong, loss = 0, 0.0
    for start in range(0, len(labels), BATCH):
        if cancelled():
            raise Cancelled
        answers = labels[start : start + BATCH].to(place.device, non_blocking=True)
        with place.autocast():
            logits = network(place.batch(images[start : start + BATCH])).float()
        loss += functional.cross_entropy(logits, answers, reduction="sum").item()
        right = (logits.argmax(1) == answers) & logits.isfinite().all(1)
        wrong += len(answers) - int(right.sum())
    return Score(wrong, len(labels), loss / len(labels))
