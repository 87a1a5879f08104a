"""Objective `perplexity` of a language model, reported by the estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import EngineError
from ..core.measurement import Measurement
from ..core.objective import Objective

if TYPE_CHECKING:
    import torch


class Perplexity(Objective):
    """Exponential of the mean cross-entropy (in nats) per word of the validation text.

    Uniform predictions over k words have perplexity k.
    """

    kind = "perplexity"
    from_estimator = True
    data_kinds = ("text",)
    help = "Effective number of equally likely next words on the validation text."

    def measure(
        self,
        network: torch.nn.Module,
        input_shape: tuple[int, ...],
        device: str | None,
    ) -> Measurement:
        """Raise EngineError: an untrained network has no meaningful perplexity."""
        raise EngineError(
            "perplexity cannot be measured on an untrained network: choose an estimator that "
            "provides it, such as train"
        )
