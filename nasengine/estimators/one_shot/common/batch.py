"""What a shared network is fed with: batches that know their loss, of images or of text."""

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


class Batch(Protocol):
    """Some inputs with their answers; `loss` counts what was wrong when it was called last."""

    share: float  # of a usual batch, by which a step is scaled
    count: int
    wrong: torch.Tensor

    def loss(self, network: Any, choices: Choices = None) -> torch.Tensor:
        """Mean cross-entropy: of the relaxed network, or of one architecture's choices."""


@dataclass(frozen=True)
class Pair:
    """The batches of one step: for the weights, and for the architecture."""

    weights: Batch
    architecture: Batch


@dataclass(frozen=True)
class Seen(Score):
    """A score whose `value` is what the search minimises: percent of wrong answers, or perplexity.

    Of text it stays a number however large the loss is.
    """

    value: float


@dataclass(frozen=True)
class Course:
    """How a data set is gone through: where, in which steps, by which seed, until when."""

    place: DeviceContext
    changes: TrainConfig
    batch_size: int
    portion: float  # of the data, for the weights
    bptt: int  # words of a step, of text
    seed: int
    cancelled: Callable[[], bool]

    def generator(self, *purpose: str | int) -> torch.Generator:
        """For one purpose within the search of this seed."""
        return torch.Generator().manual_seed(derive(self.seed, *purpose))

    def check(self) -> None:
        """Raises Cancelled where that was asked for."""
        if self.cancelled():
            raise Cancelled


class Feed(Protocol):
    """A data set cut in a part for the weights, one for the architecture, and one to score."""

    def steps(self, epoch: int) -> int:
        """How many an epoch of the weights has."""

    def check(self) -> None:
        """Raises Cancelled where that was asked for."""

    def pairs(self, epoch: int) -> Iterator[Pair]:
        """The steps of an epoch, the same whenever it is asked for. Raises Cancelled."""

    def weights_batches(self, epoch: int) -> Iterator[Batch]:
        """The same for the weights alone."""

    def architecture_batches(self, epoch: int, size: int | None = None) -> Iterator[Batch]:
        """Batches of the architecture's part without end, in an order of the epoch.

        They are as large as those of the weights, or of `size`.
        """

    def score(self, network: Any, choices: Choices, most: int | None = None) -> Seen:
        """One architecture, or the relaxed network, on the part that nothing is trained on.

        `most` bounds how much of it is used, in images or words, from its beginning.
        """
