"""Objective `params`: how many numbers training adjusts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.measurement import Measurement
from ..core.objective import Objective

if TYPE_CHECKING:
    import torch

LEFT_OUT = ("auxiliary.", "alphas.")


class Params(Objective):
    """Parameters of the network, without an auxiliary head and without architecture parameters.

    Both are known by their names: networks keep them in `auxiliary` and `alphas`. They are
    thrown away after training, so papers leave them out (1806.09055).
    """

    kind = "params"
    cheap = True
    help = "Parameters, auxiliary head left out."

    def measure(
        self,
        network: torch.nn.Module,
        input_shape: tuple[int, ...],
        device: str | None,
    ) -> Measurement:
        counted = [
            p.numel() for name, p in network.named_parameters() if not name.startswith(LEFT_OUT)
        ]
        return Measurement("params", sum(counted), self.unit, method="counted")
