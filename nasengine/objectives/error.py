"""Objective `error`: wrong answers in percent, reported by the estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import EngineError
from ..core.measurement import Measurement
from ..core.objective import Objective

if TYPE_CHECKING:
    import torch


class Error(Objective):
    """Error on the validation part; the test part plays no role in a search."""

    kind = "error"
    unit = "%"
    from_estimator = True
    help = "Wrong answers on the validation images, as the estimator finds them."

    def measure(
        self,
        network: torch.nn.Module,
        input_shape: tuple[int, ...],
        device: str | None,
    ) -> Measurement:
        """Raises EngineError: a network alone says nothing about its error."""
        raise EngineError(
            "error comes from training or a table, not from a network alone: "
            "choose an estimator that provides it"
        )
