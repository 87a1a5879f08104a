"""Objective `params`: number of trainable parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.measurement import Measurement
from ..core.objective import Objective

if TYPE_CHECKING:
    import torch

EXCLUDED = ("auxiliary.", "alphas.")


class Params(Objective):
    """Number of parameters without the auxiliary head and the architecture parameters.

    Networks hold these in `auxiliary` and `alphas`. They are discarded after training, so
    papers do not count them (1806.09055).
    """

    kind = "params"
    cheap = True
    help = "Number of trainable parameters, without the auxiliary head."

    def measure(
        self,
        network: torch.nn.Module,
        input_shape: tuple[int, ...],
        device: str | None,
    ) -> Measurement:
        counted = [
            p.numel() for name, p in network.named_parameters() if not name.startswith(EXCLUDED)
        ]
        return Measurement("params", sum(counted), self.unit, method="counted")
