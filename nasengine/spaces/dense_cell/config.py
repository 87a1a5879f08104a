"""Settings of space `dense-cell`."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.settings import setting


@dataclass(frozen=True)
class DenseCellConfig:
    """Settings of space `dense-cell`; the defaults suit `digits` on a small machine."""

    layers: int = setting(
        10, "Maximum number of layers in the cell, norms and convolutions together.", low=2, high=40
    )
    stages: int = setting(3, "Stages, with average pooling between them.", low=1, high=6)
    cells: int = setting(2, "Cells in each stage.", low=1, high=20)
    channels: int = setting(
        8,
        "Channels that each convolution of the first stage adds; each later stage doubles them.",
        low=2,
        high=256,
    )
    groups: int = setting(4, "Maximum number of groups of the group convolutions.", low=1, high=32)
    condensation: int = setting(
        4, "Condensation factor C: learned groups keep 1/C of their inputs.", low=1, high=32
    )

    @property
    def growth(self) -> int:
        """The same as `channels`, in the terms of CondenseNet."""
        return self.channels
