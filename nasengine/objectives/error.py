"""Objective `error`: percentage of wrong answers, reported by the estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import EngineError
from ..core.measurement import Measurement
from ..core.objective import Objective

if TYPE_CHECKING:
    import torch


class Error(Objective):
    """Error on the validation part."""

    kind = "error"
    unit = "%"
    from_estimator = True
    help = "Percentage of wrong answers on the validation part, reported by the estimator."

    def measure(
        self,
        network: torch.nn.Module,
        input_shape: tuple[int, ...],
        device: str | None,
    ) -> Measurement:
        """Raise EngineError: an untrained network has no meaningful error."""
        raise EngineError(
            "error cannot be measured on an untrained network: choose an estimator that "
            "provides it, such as train or table"
        )
