"""Published cells as architectures of space `cell`."""

from __future__ import annotations

from typing import Any

from ...core.architecture import Architecture
from ..cell.config import ALL_OPERATIONS, CellConfig
from ..cell.space import CellSpace
from ..common.cell_genome import cell, unused

SHORT = {
    "max": "max_pool_3x3",
    "avg": "avg_pool_3x3",
    "skip": "skip_connect",
    "sep3": "sep_conv_3x3",
    "sep5": "sep_conv_5x5",
    "sep7": "sep_conv_7x7",
    "dil3": "dil_conv_3x3",
    "dil5": "dil_conv_5x5",
    "7x1": "conv_7x1_1x7",
}
# The size in which the DARTS paper compares cells on CIFAR-10.
CELLS, CHANNELS = 20, 36


def published(normal: dict[str, Any], reduce: dict[str, Any], **settings: Any) -> Architecture:
    """Return an architecture of 20 cells and 36 channels from two cells.

    Raises:
        InvalidArchitecture: a cell has a transcription error.
    """
    config = CellConfig(nodes=len(normal["nodes"]), cells=CELLS, channels=CHANNELS, **settings)
    space = CellSpace(config)
    architecture = space.architecture({"normal": normal, "reduce": reduce})
    space.validate(architecture)
    return architecture


def transcribed(text: str, concat: list[int] | None = None) -> dict[str, Any]:
    """Return a cell from a line such as "sep3 0 + sep3 1; skip 0 + max 1".

    Args:
        text: Nodes separated by semicolons.
        concat: Indices that the output joins. Default: the nodes that no other node reads.
    """
    nodes = [[_pair(part) for part in group.split("+")] for group in text.split(";")]
    return cell(nodes, unused(nodes) if concat is None else concat)


def _pair(text: str) -> list[Any]:
    op, source = text.split()
    return [SHORT[op], int(source)]


WIDER: dict[str, Any] = {"operations": ALL_OPERATIONS}
