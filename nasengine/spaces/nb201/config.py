"""Settings of space `nb201`."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.settings import setting
from ..common.stacking import check_operations

OPS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")


@dataclass(frozen=True)
class NB201Config:
    """Settings of space `nb201`; the defaults are those of the benchmark.

    Raises:
        InvalidSettings: operations repeat, or there are fewer than two.
    """

    cells: int = setting(5, "Cells in each of the three stages.", low=1, high=20)
    channels: int = setting(
        16, "Channels of the first stage; each later stage doubles them.", low=1, high=512
    )
    operations: tuple[str, ...] = setting(
        OPS, "Operations of an edge.", choices=OPS, omit_default=True
    )
    pool_norm: bool = setting(
        True,
        "Supernet: batch norm after avg_pool_3x3, as in DARTS; off: none, as in the authors' code.",
        omit_default=True,
    )

    def __post_init__(self) -> None:
        check_operations(self.operations)
