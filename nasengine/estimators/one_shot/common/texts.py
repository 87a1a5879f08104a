"""The text feed of a supernet: parallel streams read in windows, with the state carried over."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import Any

import torch
from torch.nn import functional

from ....core.dataset import TextPart
from ....core.seeds import derive, generator
from ...training.device_context import DeviceContext
from ...training.score import MAX_FINITE_LOSS
from ...training.slowness import outputs_and_logits, slowness_of
from ...training.windows import IGNORED, SCORE_STREAMS, complete_streams, streams, window_lengths
from .batch import Choices, FeedSettings, Pair, SupernetScore, Tensors

SCORE_WINDOW = 64  # words


class TextBatch:
    """A window of n streams x t words with the next words and the recurrent state before it.

    After `loss`, `state` is the detached state at the end of the window.
    """

    def __init__(
        self,
        inputs: torch.Tensor,
        targets: torch.Tensor,
        before: Any,
        share: float,
        context: DeviceContext,
        *,
        slowness: float = 0.0,
    ):
        self.inputs = inputs.to(context.device, non_blocking=True)
        self.targets = targets.to(context.device, non_blocking=True).reshape(-1)
        self.before = before
        self.state = before
        self.share = share
        self.context = context
        self.slowness = slowness
        self.count = len(self.targets)
        self.wrong = torch.zeros((), dtype=torch.long, device=self.targets.device)
        self.value = torch.zeros((), device=self.targets.device)

    def loss(self, network: Any, choices: Choices = None) -> torch.Tensor:
        with self.context.autocast():
            if choices is None:
                logits, state = network(self.inputs, self.before)
            else:
                logits, state = network.forward_architecture(self.inputs, self.before, choices)
        return self._scored(logits, state)

    def objective(self, network: Any, choices: Choices = None) -> torch.Tensor:
        if not self.slowness:
            return self.loss(network, choices)
        with self.context.autocast():
            outputs, logits, state = outputs_and_logits(
                network, self.slowness, self.inputs, self.before, choices
            )
        return self._scored(logits, state) + self.slowness * slowness_of(outputs)

    @property
    def tensors(self) -> Tensors | None:
        if self.before is None:
            return None
        return self.inputs, self.targets, self.before

    def like(self, tensors: Tensors) -> TextBatch:
        inputs, targets, before = tensors
        share, context, slowness = self.share, self.context, self.slowness
        return TextBatch(inputs, targets, before, share, context, slowness=slowness)

    @property
    def results(self) -> Tensors:
        return self.value, self.wrong, self.state

    def accept(self, results: Tensors) -> None:
        self.value, self.wrong, self.state = results

    def _scored(self, logits: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Return the loss of logits, n x t x classes, and keep the state after the window."""
        logits = logits.float() if logits.dtype == torch.bfloat16 else logits
        logits = logits.flatten(0, 1)
        self.state = state.detach()
        wrong = logits.detach().argmax(1) != self.targets
        self.wrong = (wrong & (self.targets != IGNORED)).sum()
        loss = functional.cross_entropy(logits, self.targets)
        self.value = loss.detach()
        return loss


class TextFeed:
    """The start of the training text for the weights, its end for the architecture.

    With `architecture_data` "valid" the weights get the whole training text and the architecture
    the valid part, as in the reference code of DARTS.
    """

    def __init__(self, parts: tuple[TextPart, TextPart], settings: FeedSettings):
        train, valid = parts
        self.settings = settings
        self.context = settings.context
        (words,) = self.context.hold(train.words)
        self.size = streams(words, settings.batch_size)[0].numel()
        (self.valid,) = self.context.hold(valid.words)
        cut = round(settings.weights_portion * len(words))
        self.sides = words[:cut], words[cut:]
        if settings.architecture_data == "valid":
            self.sides = words, self.valid

    def steps(self, epoch: int) -> int:
        return self.settings.steps(len(list(self._lengths(0, "lengths", epoch))))

    def check(self) -> None:
        self.settings.check()

    def pairs(self, epoch: int) -> Iterator[Pair]:
        architecture = self.architecture_batches(epoch)
        for batch in self.weights_batches(epoch):
            yield Pair(batch, next(architecture))

    def weights_batches(self, epoch: int) -> Iterator[TextBatch]:
        batches = self._windows(0, "lengths", epoch, self.settings.batch_size)
        for batch in islice(batches, self.settings.max_steps or None):
            self.settings.check()
            yield batch

    def architecture_batches(self, epoch: int, size: int | None = None) -> Iterator[TextBatch]:
        passes = 0
        while True:
            # Every pass over the text has its own window lengths.
            seed = derive(epoch, "turn", passes)
            yield from self._windows(
                1, "lengths architecture", seed, size or self.settings.batch_size
            )
            passes += 1

    @torch.no_grad()
    def score(self, network: Any, choices: Choices, limit: int | None = None) -> SupernetScore:
        """Return the perplexity in evaluation mode on the first `limit` words of the valid part."""
        network.eval()
        inputs, targets = complete_streams(self.valid[:limit], SCORE_STREAMS)
        loss, wrong, count, state = 0.0, 0, 0, None
        for window, following in zip(
            inputs.split(SCORE_WINDOW, 1), targets.split(SCORE_WINDOW, 1), strict=True
        ):
            self.settings.check()
            batch = TextBatch(window, following, state, 1.0, self.context)
            counted = int((batch.targets != IGNORED).sum())
            if counted:
                loss += float(batch.loss(network, choices)) * counted
                wrong += int(batch.wrong)
            count += counted
            state = batch.state
        network.train()
        value = math.exp(min(loss / count, MAX_FINITE_LOSS))
        return SupernetScore(wrong, count, loss / count, value=value)

    def _windows(self, side: int, purpose: str, epoch: int, count: int) -> Iterator[TextBatch]:
        inputs, targets = streams(self.sides[side], count)
        position, state = 0, None
        for length in self._lengths(side, purpose, epoch, inputs.shape[1]):
            window = slice(position, position + length)
            share = length / self.settings.bptt
            batch = TextBatch(
                inputs[:, window],
                targets[:, window],
                state,
                share,
                self.context,
                slowness=self.settings.slowness,
            )
            yield batch
            state = batch.state
            position += length

    def _lengths(
        self, side: int, purpose: str, epoch: int, length: int | None = None
    ) -> Iterator[int]:
        if length is None:
            length = streams(self.sides[side], self.settings.batch_size)[0].shape[1]
        rng = generator(self.settings.seed, purpose, epoch)
        spread = self.settings.windows == "spread"
        return window_lengths(length, self.settings.bptt, rng, spread=spread)
