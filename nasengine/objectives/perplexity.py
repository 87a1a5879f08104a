"""Objective `perplexity`: how unsure a network is of the next word, reported by the estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import EngineError
from ..core.measurement import Measurement
from ..core.objective import Objective

if TYPE_CHECKING:
    import torch


class Perplexity(Objective):
    """e to the mean cross-entropy of a word of the validation text, in nats.

    A network that guesses evenly among k words has perplexity k.
    """

    kind = "perplexity"
    from_estimator = True
    data_kinds = ("text",)
    help = "Among how many words the network is undecided, on the validation text."

    def measure(
        self,
        network: torch.nn.Module,
        input_shape: tuple[int, ...],
        device: str | None,
    ) -> Measurement:
        """Raises EngineError: a network alone says nothing about its perplexity."""
        raise EngineError(
            "perplexity comes from training on text, not from a network alone: "
            "choose an estimator that provides it"
        )
