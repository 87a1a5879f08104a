"""Objective `params`: how many numbers training adjusts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.measurement import Measurement
from ..core.objective import Objective

if TYPE_CHECKING:
    import torch


class Params(Objective):
    """Parameters of the network, without an auxiliary head.

    The head is known by its name: networks keep it in their attribute `auxiliary`. It is
    thrown away after training, so papers leave it out (1806.09055).
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
            p.numel() for name, p in network.named_parameters() if not name.startswith("auxiliary.")
        ]
        return Measurement("params", sum(counted), self.unit, method="counted")
