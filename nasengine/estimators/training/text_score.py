"""Loss and error of a network on a text."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional

from ...core.errors import Cancelled
from .device_context import DeviceContext
from .score import Score
from .windows import IGNORED, SCORE_STREAMS, complete_streams

WINDOW = 64


@torch.inference_mode()
def score_text(
    network: torch.nn.Module,
    words: torch.Tensor,
    context: DeviceContext,
    cancelled: Callable[[], bool],
) -> Score:
    """Score a network in evaluation mode on n words; it predicts each but the first once.

    The text is read in 32 streams, each starting with an empty state. Answers with a loss that is
    not finite count as wrong.

    Raises:
        Cancelled: the evaluation was cancelled between windows.
    """
    network.eval()
    inputs, following = complete_streams(words, SCORE_STREAMS)
    wrong, loss, state = 0, 0.0, None
    for window, answers in zip(inputs.split(WINDOW, 1), following.split(WINDOW, 1), strict=True):
        if cancelled():
            raise Cancelled
        targets = answers.to(context.device, non_blocking=True).reshape(-1)
        with context.autocast():
            logits, state = network(window.to(context.device, non_blocking=True), state)
        logits = logits.float().flatten(0, 1)
        losses = functional.cross_entropy(logits, targets, reduction="none")
        loss += losses.sum().item()
        # Logits that are not finite make the loss not finite; checking every logit is slower.
        correct = (logits.argmax(1) == targets) & losses.isfinite()
        wrong += int((targets != IGNORED).sum()) - int(correct.sum())
    count = len(words) - 1
    return Score(wrong, count, loss / count)
