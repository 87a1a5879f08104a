"""A text as parallel streams, read window by window (truncated backpropagation through time)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

SHORT_SHARE = 0.05
MIN_VALUE = 5
NOT_COUNTED = -100  # what torch's cross-entropy leaves out
# A text is scored in so many streams: each but the first begins without what stands before it.
SCORE_STREAMS = 32


def streams(words: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The text cut into `count` pieces of one length, side by side, and the word behind each.

    n words to two tensors count x (n - 1) // count; what is left over is not read. A short text
    has fewer streams.
    """
    count = max(min(count, len(words) - 1), 1)
    length = (len(words) - 1) // count
    shifted = (words[start : start + count * length] for start in (0, 1))
    read, following = (one.view(count, length) for one in shifted)
    return read, following


def whole_streams(words: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The same without leaving anything out: every word but the first follows exactly once.

    The last stream is filled up with words that are NOT_COUNTED.
    """
    count = max(min(count, len(words) - 1), 1)
    length = -(-(len(words) - 1) // count)
    spare = count * length - (len(words) - 1)
    read = torch.nn.functional.pad(words[:-1], (0, spare))
    following = torch.nn.functional.pad(words[1:], (0, spare), value=NOT_COUNTED)
    return read.view(count, length), following.view(count, length)


def window_lengths(length: int, bptt: int, rng: np.random.Generator) -> Iterator[int]:
    """Lengths of the windows of one epoch over streams of `length` words, together `length`.

    As in AWD-LSTM (1708.02182): around `bptt`, or half of it in one of twenty, with a deviation
    of a seventh (5 of 35), so that windows end elsewhere in every epoch.
    """
    while length > 0:
        usual = bptt / 2 if rng.random() < SHORT_SHARE else bptt
        drawn = max(int(rng.normal(usual, bptt / 7)), min(MIN_VALUE, bptt))
        yield min(drawn, length)
        length -= drawn
