"""The settings of space `enas-micro`."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.errors import InvalidSettings
from ..core.settings import setting

# In the order of the released code.
ENAS_OPERATIONS = ("sep_conv_3x3", "sep_conv_5x5", "avg_pool_3x3", "max_pool_3x3", "skip_connect")


@dataclass(frozen=True)
class EnasMicroConfig:
    """Settings of space `enas-micro`.

    Raises:
        InvalidSettings: operations repeat, or there are fewer than two.
    """

    operations: tuple[str, ...] = setting(
        ENAS_OPERATIONS, "Operations a block may choose.", choices=ENAS_OPERATIONS
    )
    nodes: int = setting(5, "Blocks in a cell, each the sum of two operations.", low=1, high=8)
    cells: int = setting(
        5, "Cells in the network; those at a third and at two thirds reduce.", low=1, high=40
    )
    channels: int = setting(
        8, "Channels of the first cells; doubled by each reduction.", low=2, high=512
    )
    stem_multiplier: int = setting(3, "The small stem has this many times channels.", low=1, high=8)
    stem: str = setting(
        "auto",
        "small: one 3x3 convolution; imagenet: three of stride 2; auto: imagenet from 64 pixels.",
        choices=("auto", "small", "imagenet"),
    )

    @property
    def reduced_skip(self) -> str:
        """What identity is at stride 2: the factorized reduction, as in the released code."""
        return "factorized"

    @property
    def reductions(self) -> tuple[int, int]:
        """Which cells reduce."""
        return self.cells // 3, 2 * self.cells // 3

    def __post_init__(self) -> None:
        if len(set(self.operations)) != len(self.operations) or len(self.operations) < 2:
            raise InvalidSettings(
                {
                    "operations": f"{', '.join(self.operations) or 'nothing'} is no choice: "
                    "name at least two different operations"
                }
            )
