"""Interfaces of the data that a supernet is trained on: batches and feeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from ....core.errors import Cancelled
from ....core.seeds import derive
from ...training.config import TrainConfig
from ...training.device_context import DeviceContext
from ...training.score import Score

Choices = Sequence[int] | None
Tensors = tuple[torch.Tensor, ...]


class Batch(Protocol):
    """Inputs with targets.

    After a call of `loss` or `objective`, `wrong` counts the wrong answers and `value` is the
    cross-entropy.
    """

    share: float  # size relative to a regular batch; scales the learning rate
    count: int
    wrong: torch.Tensor
    value: torch.Tensor

    def loss(self, network: Any, choices: Choices = None) -> torch.Tensor:
        """Return the mean cross-entropy of the relaxed network or of one architecture."""

    @property
    def tensors(self) -> Tensors | None:
        """The tensors that a step reads, on the device; None if there is no recurrent state yet."""

    def like(self, tensors: Tensors) -> Batch:
        """Return a batch of the same kind that reads these tensors."""

    @property
    def results(self) -> Tensors:
        """The results of the last call of `loss` or `objective`."""

    def accept(self, results: Tensors) -> None:
        """Take over the results of a batch that `like` returned."""

    def objective(self, network: Any, choices: Choices = None) -> torch.Tensor:
        """Return what the weights minimise: the loss, and the settings' further terms.

        They are the loss of the auxiliary head (images) and the slowness penalty (text).
        """


@dataclass(frozen=True)
class Pair:
    """The batches of one DARTS step: for the weights and for the architecture parameters."""

    weights: Batch
    architecture: Batch


@dataclass(frozen=True)
class SupernetScore(Score):
    """A score whose `value` the search minimises: percentage of wrong answers, or perplexity.

    The perplexity is finite for any loss.
    """

    value: float


@dataclass(frozen=True)
class FeedSettings:
    """How a feed reads its data set.

    Attributes:
        context: Device context of the batches.
        augmentation: Settings of the image augmentation.
        batch_size: Images, or parallel text streams, per step.
        weights_portion: Share of the training data for the weights.
        architecture_data: "train": the rest trains the architecture; "valid": the valid part
            does, and the weights get all training data.
        max_steps: Maximum number of weight steps per epoch; 0: one pass over the data.
        auxiliary_weight: Weight of the loss of the auxiliary head (images).
        slowness: Weight of the slowness penalty (text).
        bptt: Words per step (text).
        windows: "spread", or "fixed" for windows of bptt or half of it (text).
        seed: Seed of the search.
        cancelled: Called between batches.
    """

    context: DeviceContext
    augmentation: TrainConfig
    batch_size: int
    weights_portion: float
    bptt: int
    seed: int
    cancelled: Callable[[], bool]
    architecture_data: str = "train"
    max_steps: int = 0
    auxiliary_weight: float = 0.0
    slowness: float = 0.0
    windows: str = "spread"

    def generator(self, *purpose: str | int) -> torch.Generator:
        """Return a generator for one purpose within the search."""
        return torch.Generator().manual_seed(derive(self.seed, *purpose))

    def check(self) -> None:
        """Raise Cancelled if the evaluation was cancelled."""
        if self.cancelled():
            raise Cancelled

    def steps(self, whole: int) -> int:
        """Return the number of weight steps of an epoch whose pass over the data has `whole`."""
        return min(whole, self.max_steps) if self.max_steps else whole


class Feed(Protocol):
    """A data set split for the weights, for the architecture and for scores.

    `size` is the number of examples, or words, that an epoch of one network reads from the train
    part with this batch size.
    """

    size: int

    def steps(self, epoch: int) -> int:
        """Return the number of weight steps of an epoch."""

    def check(self) -> None:
        """Raise Cancelled if the evaluation was cancelled."""

    def pairs(self, epoch: int) -> Iterator[Pair]:
        """Yield the pairs of an epoch, always the same for one epoch. Raises Cancelled."""

    def weights_batches(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches for the weights of an epoch. Raises Cancelled."""

    def architecture_batches(self, epoch: int, size: int | None = None) -> Iterator[Batch]:
        """Yield endless batches of the architecture's data, in an order given by the epoch.

        `size` defaults to the batch size of the weights.
        """

    def score(self, network: Any, choices: Choices, limit: int | None = None) -> SupernetScore:
        """Score one architecture, or the relaxed network, on the valid part.

        `limit` restricts the score to the first images or words.
        """
