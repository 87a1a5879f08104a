"""The settings of space `cell`."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.errors import InvalidSettings
from ..core.settings import setting

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
class CellConfig:
    """Settings of space `cell`.

    Raises:
        InvalidSettings: operations repeat, or fewer than two remain beside `none`.
    """

    operations: tuple[str, ...] = setting(
        DARTS_OPERATIONS,
        "Operations an edge may hold. none exists for relaxed edges only: no cell chooses it.",
        choices=ALL_OPERATIONS,
    )
    nodes: int = setting(4, "Nodes inside a cell, each the sum of two operations.", low=1, high=8)
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
    reduced_skip: str = setting(
        "factorized",
        "What skip_connect is at stride 2: DARTS' factorized reduction, or RENAS' max pooling.",
        choices=("factorized", "max_pool"),
    )

    def __post_init__(self) -> None:
        chosen = [op for op in self.operations if op != "none"]
        if len(set(self.operations)) != len(self.operations) or len(chosen) < 2:
            raise InvalidSettings(
                {
                    "operations": f"{', '.join(self.operations) or 'nothing'} is no choice: "
                    "name at least two different operations beside none"
                }
            )

    @property
    def reductions(self) -> tuple[int, int]:
        """The cells, counted from 0, that halve height and width."""
        return self.cells // 3, 2 * self.cells // 3
