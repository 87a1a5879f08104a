"""Settings of space `enas-macro`."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.settings import setting
from ..common import stacking

# In the order of the released code.
MACRO_OPERATIONS = (
    "nor_conv_3x3",
    "sep_conv_3x3",
    "nor_conv_5x5",
    "sep_conv_5x5",
    "avg_pool_3x3",
    "max_pool_3x3",
)


@dataclass(frozen=True)
class EnasMacroConfig:
    """Settings of space `enas-macro`; the paper searches 12 layers of 36 channels.

    Raises:
        InvalidSettings: operations repeat, or there are fewer than two.
    """

    operations: tuple[str, ...] = setting(
        MACRO_OPERATIONS, "Operations of a layer.", choices=MACRO_OPERATIONS
    )
    layers: int = setting(
        6, "Layers; height and width are halved after one and two thirds of them.", low=3, high=40
    )
    channels: int = setting(
        16, "Channels of the stem and the first layers; each halving doubles them.", low=2, high=512
    )
    supernet_channels: int | None = stacking.supernet_channels()
    stem: str = stacking.stem()

    @property
    def stem_multiplier(self) -> int:
        """1: the small stem has as many channels as the first layers."""
        return 1

    @property
    def sizes_of_supernet(self) -> dict[str, int]:
        """The number of channels of the supernet."""
        return {"channels": self.supernet_channels or self.channels}

    @property
    def reductions(self) -> tuple[int, int]:
        """The layers, counted from 1, after which height and width are halved."""
        return self.layers // 3, 2 * (self.layers // 3)

    def __post_init__(self) -> None:
        stacking.check_operations(self.operations)
