"""How unsure and how wrong a network is about the words of a text."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional

from ...core.errors import Cancelled
from .device_context import DeviceContext
from .score import Score
from .windows import NOT_COUNTED, SCORE_STREAMS, whole_streams

WINDOW = 64


@torch.inference_mode()
def score_text(
    network: torch.nn.Module,
    words: torch.Tensor,
    place: DeviceContext,
    cancelled: Callable[[], bool],
) -> Score:
    """The network in evaluation mode on n words, each but the first foretold once.

    The text is read in 32 streams, each beginning with an empty state. An answer that is not a
    number counts as wrong.

    Raises:
        Cancelled: asked for between windows.
    """
    network.eval()
    read, following = whole_streams(words, SCORE_STREAMS)
    wrong, loss, state = 0, 0.0, None
    for shown, answers in zip(read.split(WINDOW, 1), following.split(WINDOW, 1), strict=True):
        if cancelled():
            raise Cancelled
        right = answers.to(place.device, non_blocking=True).reshape(-1)
        with place.autocast():
            logits, state = network(shown.to(place.device, non_blocking=True), state)
        logits = logits.float().flatten(0, 1)
        losses = functional.cross_entropy(logits, right, reduction="none")
        loss += losses.sum().item()
        # Logits that are no numbers make the loss none; to look at each takes longer than the rest.
        known = (logits.argmax(1) == right) & losses.isfinite()
        wrong += int((right != NOT_COUNTED).sum()) - int(known.sum())
    count = len(words) - 1
    return Score(wrong, count, loss / count)
