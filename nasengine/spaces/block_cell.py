"""Space `block-cell`: RENAS' one cell of five-part blocks, for normal and reduction cells.

Chen et al., RENAS (1808.00193). A block is {IN1, IN2, OP1, OP2, A}: two inputs, an operation
on each, and A, which is elementwise addition in the released code, so it is not written
down. Inputs are earlier blocks of the cell or the outputs of the cells before it. The output
joins the blocks that nothing reads and, in normal cells, the older input. Which of the eight
operations of the released table were searched is not known: they are a setting.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.architecture import Architecture
from ..core.decision import Decision
from ..core.errors import InvalidArchitecture, InvalidSettings
from ..core.settings import setting, to_mapping
from ..core.space import Space
from . import cell_genome
from .cell_drawing import draw_cell, write_cell
from .cell_inheritance import origins
from .inheritance import pass_on
from .membership import check_membership, shown

if TYPE_CHECKING:
    import torch

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
A_BLOCK = 4  # decisions: input, op, input, op


@dataclass(frozen=True)
class BlockCellConfig:
    """Settings of space `block-cell`.

    Raises:
        InvalidSettings: operations repeat, or there are fewer than two.
    """

    operations: tuple[str, ...] = setting(
        RENAS_OPERATIONS, "Operations a block may choose.", choices=RENAS_OPERATIONS
    )
    blocks: int = setting(5, "Blocks in the cell.", low=1, high=8)
    join_input: bool = setting(
        True, "Normal cells join their older input to the output, as RENASNet does."
    )
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
        """What identity is at stride 2: max pooling, as in the released code."""
        return "max_pool"

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


class BlockCellSpace(Space):
    """The genome is a list of blocks, each [[op, input], [op, input]] by input, then by name.

    Inputs 0 and 1 are the last but one and the last cell, 2 and up the blocks in order. Both
    parts of a block may read the same input.
    """

    name = "block-cell"
    Config = BlockCellConfig
    offers = frozenset(
        {"mutate", "crossover", "encode", "neighbours", "decisions", "tokens", "inherit"}
    )
    config: BlockCellConfig

    def architecture(self, blocks: list[Any]) -> Architecture:
        """An architecture of this space's settings; parts of a block may stand in any order."""
        genome = [cell_genome.node(*parts) for parts in blocks]
        return Architecture(self.name, to_mapping(self.config), genome)

    def sample(self, rng: np.random.Generator) -> Architecture:
        ops = self.config.operations
        return self.architecture(
            [
                [[ops[rng.integers(len(ops))], int(rng.integers(index))] for _ in range(2)]
                for index in range(2, self.config.blocks + 2)
            ]
        )

    def validate(self, architecture: Architecture) -> None:
        check_membership(self, architecture)
        blocks = architecture.genome
        if not isinstance(blocks, list) or len(blocks) != self.config.blocks:
            raise InvalidArchitecture(
                f"the genome is {shown(blocks)}: it must be a list of {self.config.blocks} "
                "blocks, as the space's settings say"
            )
        for index, parts in enumerate(blocks, start=2):
            cell_genome.check_node(f"block {index}", index, parts, self.config.operations)

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Another op or another input for one part, an even chance each."""
        moves = self._moves(architecture.genome, field=int(rng.random() < 0.5))
        return self._changed(architecture.genome, moves[rng.integers(len(moves))])

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Each block whole from one of the two with an even chance."""
        pairs = zip(first.genome, second.genome, strict=True)
        return self.architecture([copy.deepcopy(pair[rng.integers(2)]) for pair in pairs])

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        seen = {architecture.canonical}
        for field in (0, 1):
            for move in self._moves(architecture.genome, field):
                other = self._changed(architecture.genome, move)
                if other.canonical not in seen:
                    seen.add(other.canonical)
                    yield other

    def encode(self, architecture: Architecture) -> np.ndarray:
        """How often each (block, input, op) occurs."""
        ops, parts = self.config.operations, []
        for index, block in enumerate(architecture.genome, start=2):
            counts = np.zeros((index, len(ops)))
            for op, source in block:
                counts[source, ops.index(op)] += 1
            parts.append(counts.ravel())
        return np.concatenate(parts)

    def decisions(self) -> tuple[Decision, ...]:
        """For each block: input, op, input, op."""
        return _decisions(self.config.blocks, self.config.operations)

    def choices(self, architecture: Architecture) -> tuple[int, ...]:
        ops = self.config.operations
        parts = (part for block in architecture.genome for part in block)
        return tuple(one for op, source in parts for one in (source, ops.index(op)))

    def chosen(self, choices: Sequence[int]) -> Architecture:
        ops = self.config.operations
        blocks = [choices[start : start + A_BLOCK] for start in range(0, len(choices), A_BLOCK)]
        return self.architecture(
            [[[ops[op1], in1], [ops[op2], in2]] for in1, op1, in2, op2 in blocks]
        )

    def inherit(
        self,
        child: Architecture,
        network: torch.nn.Module,
        parent: Architecture,
        weights: Mapping[str, torch.Tensor],
    ) -> int:
        """A part passes on where the parent's block has the same operation on the same input."""
        both = (self._cells(one.genome) for one in (child, parent))
        return pass_on(network, weights, origins(self.config.reductions, *both))

    def size(self) -> int:
        """How many different descriptions: the two parts of a block have no order."""
        total = 1
        for index in range(2, self.config.blocks + 2):
            parts = index * len(self.config.operations)
            total *= parts * (parts + 1) // 2
        return total

    def graph(self, architecture: Architecture) -> dict[str, Any]:
        cells = self._cells(architecture.genome)
        return {"cells": [draw_cell(name, cells[name]) for name in cell_genome.CELLS]}

    def text(self, architecture: Architecture) -> str:
        cell = cell_genome.cell(architecture.genome)
        return write_cell(cell)

    def build(
        self,
        architecture: Architecture,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool = False,
    ) -> torch.nn.Module:
        from .layers.cell_network import CellNetwork

        self.validate(architecture)
        cells = self._cells(architecture.genome)
        return CellNetwork(self.config, cells, input_shape, classes, auxiliary)

    def _cells(self, blocks: list[Any]) -> cell_genome.Genome:
        """The normal and the reduction cell as space `cell` writes them."""
        ends = cell_genome.unused(blocks)
        joined = [0, *ends] if self.config.join_input else ends
        return {
            "normal": {"nodes": blocks, "concat": joined},
            "reduce": {"nodes": blocks, "concat": ends},
        }

    def _moves(self, blocks: list[Any], field: int) -> list[tuple[int, int, int, Any]]:
        """Block, part, field and value of every change of an op (field 0) or an input (1)."""
        return [
            (index, which, field, value)
            for index, parts in enumerate(blocks)
            for which, part in enumerate(parts)
            for value in (range(index + 2) if field else self.config.operations)
            if value != part[field]
        ]

    def _changed(self, blocks: list[Any], move: tuple[int, int, int, Any]) -> Architecture:
        index, which, field, value = move
        changed = copy.deepcopy(blocks)
        changed[index][which][field] = value
        return self.architecture(changed)


@lru_cache(maxsize=32)
def _decisions(blocks: int, operations: tuple[str, ...]) -> tuple[Decision, ...]:
    found = []
    for block in range(blocks):
        inputs = tuple(map(str, range(block + 2)))
        sources = (-2, -1, *range(block))
        for which in ("first", "second"):
            place = f"block {block + 2} {which}"
            found.append(Decision(f"{place} input", inputs, "input", block, sources))
            found.append(Decision(f"{place} op", operations, "op", block))
    return tuple(found)
