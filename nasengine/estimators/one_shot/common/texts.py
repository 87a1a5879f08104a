"""Feeding a shared network with text: parallel streams, window by window, the state carried."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch.nn import functional

from ....core.dataset import TextPart
from ....core.seeds import derive, generator
from ...training.device_context import DeviceContext
from ...training.score import LARGEST
from ...training.windows import NOT_COUNTED, SCORE_STREAMS, streams, whole_streams, window_lengths
from .batch import Choices, Course, Pair, Seen

SCORE_WINDOW = 64  # words


class TextBatch:
    """A window of n streams x t words and the words behind each, with the state before it.

    `state` is that behind it once the loss was computed, cut off from its history.
    """

    def __init__(
        self,
        read: torch.Tensor,
        following: torch.Tensor,
        before: Any,
        share: float,
        place: DeviceContext,
    ):
        self.read = read.to(place.device, non_blocking=True)
        self.following = following.to(place.device, non_blocking=True).reshape(-1)
        self.before = before
        self.state = before
        self.share = share
        self.place = place
        self.count = len(self.following)
        self.wrong = torch.zeros((), dtype=torch.long)

    def loss(self, network: Any, choices: Choices = None) -> torch.Tensor:
        with self.place.autocast():
            if choices is None:
                logits, state = network(self.read, self.before)
            else:
                logits, state = network.forward_architecture(self.read, self.before, choices)
        logits = logits.float() if logits.dtype == torch.bfloat16 else logits
        logits = logits.flatten(0, 1)
        self.state = state.detach()
        missed = logits.detach().argmax(1) != self.following
        self.wrong = (missed & (self.following != NOT_COUNTED)).sum()
        return functional.cross_entropy(logits, self.following)


class TextFeed:
    """The beginning of the training text for the weights, its end for the architecture."""

    def __init__(self, parts: tuple[TextPart, TextPart], course: Course):
        train, valid = parts
        self.course = course
        self.place = course.place
        (words,) = self.place.hold(train.words)
        (self.valid,) = self.place.hold(valid.words)
        cut = round(course.portion * len(words))
        self.sides = words[:cut], words[cut:]

    def steps(self, epoch: int) -> int:
        return len(list(self._lengths(0, "lengths", epoch)))

    def check(self) -> None:
        self.course.check()

    def pairs(self, epoch: int) -> Iterator[Pair]:
        architecture = self.architecture_batches(epoch)
        for batch in self.weights_batches(epoch):
            yield Pair(batch, next(architecture))

    def weights_batches(self, epoch: int) -> Iterator[TextBatch]:
        for batch in self._windows(0, "lengths", epoch, self.course.batch_size):
            self.course.check()
            yield batch

    def architecture_batches(self, epoch: int, size: int | None = None) -> Iterator[TextBatch]:
        turn = 0
        while True:
            # Every turn has lengths of its own.
            of = derive(epoch, "turn", turn)
            yield from self._windows(1, "lengths architecture", of, size or self.course.batch_size)
            turn += 1

    @torch.no_grad()
    def score(self, network: Any, choices: Choices, most: int | None = None) -> Seen:
        """Perplexity in evaluation mode; `most` bounds the words."""
        network.eval()
        read, following = whole_streams(self.valid[:most], SCORE_STREAMS)
        loss, wrong, count, state = 0.0, 0, 0, None
        for shown, answers in zip(
            read.split(SCORE_WINDOW, 1), following.split(SCORE_WINDOW, 1), strict=True
        ):
            self.course.check()
            batch = TextBatch(shown, answers, state, 1.0, self.place)
            known = int((batch.following != NOT_COUNTED).sum())
            if known:
                loss += float(batch.loss(network, choices)) * known
                wrong += int(batch.wrong)
            count += known
            state = batch.state
        network.train()
        value = math.exp(min(loss / count, LARGEST))
        return Seen(wrong, count, loss / count, value=value)

    def _windows(self, side: int, purpose: str, epoch: int, count: int) -> Iterator[TextBatch]:
        read, following = streams(self.sides[side], count)
        place, state = 0, None
        for length in self._lengths(side, purpose, epoch, read.shape[1]):
            window = slice(place, place + length)
            share = length / self.course.bptt
            batch = TextBatch(read[:, window], following[:, window], state, share, self.place)
            yield batch
            state = batch.state
            place += length

    def _lengths(
        self, side: int, purpose: str, epoch: int, length: int | None = None
    ) -> Iterator[int]:
        if length is None:
            length = streams(self.sides[side], self.course.batch_size)[0].shape[1]
        rng = generator(self.course.seed, purpose, epoch)
        return window_lengths(length, self.course.bptt, rng)
