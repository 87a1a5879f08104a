"""Parallel streams of a text, read in windows (truncated backpropagation through time)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

SHORT_WINDOW_PROBABILITY = 0.05
MIN_WINDOW = 5  # words
IGNORED = -100  # the target that torch's cross-entropy ignores
# Every stream starts without the words before it, so more streams score faster but less exactly.
SCORE_STREAMS = 32


def streams(words: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Split n words into `count` parallel streams of equal length.

    Remaining words at the end are dropped; a short text has fewer streams.

    Returns:
        The words and the next words, both count x ((n - 1) // count).
    """
    count = max(min(count, len(words) - 1), 1)
    length = (len(words) - 1) // count
    inputs, targets = (words[start : start + count * length] for start in (0, 1))
    return inputs.view(count, length), targets.view(count, length)


def complete_streams(words: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Split like `streams`, but use every word: each but the first is a target exactly once.

    The targets of the last stream are padded with IGNORED.
    """
    count = max(min(count, len(words) - 1), 1)
    length = -(-(len(words) - 1) // count)
    padding = count * length - (len(words) - 1)
    inputs = torch.nn.functional.pad(words[:-1], (0, padding))
    targets = torch.nn.functional.pad(words[1:], (0, padding), value=IGNORED)
    return inputs.view(count, length), targets.view(count, length)


def window_lengths(
    length: int, bptt: int, rng: np.random.Generator, *, spread: bool = True
) -> Iterator[int]:
    """Yield random window lengths of one epoch that sum to `length` words.

    As in AWD-LSTM (1708.02182), lengths are normal around `bptt` (with probability 0.05 around
    half of it) with a standard deviation of bptt / 7, so window boundaries differ in every epoch.
    Without `spread` they are `bptt`, or half of it, as in the search code of DARTS.
    """
    while length > 0:
        mean = bptt / 2 if rng.random() < SHORT_WINDOW_PROBABILITY else bptt
        drawn = rng.normal(mean, bptt / 7) if spread else mean
        window = max(int(drawn), min(MIN_WINDOW, bptt))
        yield min(window, length)
        length -= window
