"""Settings of space `cell`."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.settings import setting
from ..common import stacking

DARTS_OPERATIONS = (
    "none",
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
ALL_OPERATIONS = (*DARTS_OPERATIONS, "sep_conv_7x7", "conv_7x1_1x7")


@dataclass(frozen=True)
class CellConfig(stacking.Stacked):
    """Settings of space `cell`.

    Raises:
        InvalidSettings: operations repeat, or there are fewer than two besides `none`.
    """

    operations: tuple[str, ...] = setting(
        DARTS_OPERATIONS,
        "Operations of an edge. none is used only in the supernet, never in an architecture.",
        choices=ALL_OPERATIONS,
    )
    nodes: int = setting(4, "Nodes in a cell; each adds up two operations.", low=1, high=8)
    cells: int = stacking.cells()
    channels: int = stacking.channels()
    supernet_cells: int | None = stacking.supernet_cells()
    supernet_channels: int | None = stacking.supernet_channels()
    stem_multiplier: int = stacking.stem_multiplier()
    stem: str = stacking.stem()
    reduced_skip: str = setting(
        "factorized",
        "Operation for skip_connect at stride 2: DARTS' factorized reduction, or max pooling as "
        "in RENASNet.",
        choices=("factorized", "max_pool"),
    )

    def __post_init__(self) -> None:
        stacking.check_operations(self.operations, besides="none")
