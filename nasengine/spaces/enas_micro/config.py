"""Settings of space `enas-micro`."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.settings import setting
from ..common import stacking

# In the order of the released code.
ENAS_OPERATIONS = ("sep_conv_3x3", "sep_conv_5x5", "avg_pool_3x3", "max_pool_3x3", "skip_connect")


@dataclass(frozen=True)
class EnasMicroConfig(stacking.Stacked):
    """Settings of space `enas-micro`.

    Raises:
        InvalidSettings: operations repeat, or there are fewer than two.
    """

    operations: tuple[str, ...] = setting(
        ENAS_OPERATIONS, "Operations of a block.", choices=ENAS_OPERATIONS
    )
    nodes: int = setting(5, "Blocks in a cell; each adds up two operations.", low=1, high=8)
    cells: int = stacking.cells()
    channels: int = stacking.channels()
    supernet_cells: int | None = stacking.supernet_cells()
    supernet_channels: int | None = stacking.supernet_channels()
    stem_multiplier: int = stacking.stem_multiplier()
    stem: str = stacking.stem()

    @property
    def reduced_skip(self) -> str:
        """The operation for identity at stride 2: factorized reduction, as in the released code."""
        return "factorized"

    def __post_init__(self) -> None:
        stacking.check_operations(self.operations)
