"""Settings of space `block-cell`."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.settings import setting
from ..common import stacking

# In the order of the released table.
RENAS_OPERATIONS = (
    "sep_conv_3x3",
    "sep_conv_5x5",
    "sep_conv_7x7",
    "avg_pool_3x3",
    "max_pool_3x3",
    "nor_conv_3x3",
    "conv_7x1_1x7",
    "skip_connect",
)


@dataclass(frozen=True)
class BlockCellConfig(stacking.Stacked):
    """Settings of space `block-cell`.

    Raises:
        InvalidSettings: operations repeat, or there are fewer than two.
    """

    operations: tuple[str, ...] = setting(
        RENAS_OPERATIONS, "Operations of a block.", choices=RENAS_OPERATIONS
    )
    blocks: int = setting(5, "Blocks in the cell.", low=1, high=8)
    join_input: bool = setting(
        True, "Join the older input to the output of normal cells, as RENASNet does."
    )
    cells: int = stacking.cells()
    channels: int = stacking.channels()
    stem_multiplier: int = stacking.stem_multiplier()
    stem: str = stacking.stem()

    @property
    def reduced_skip(self) -> str:
        """The operation for identity at stride 2: max pooling, as in the released code."""
        return "max_pool"

    def __post_init__(self) -> None:
        stacking.check_operations(self.operations)
