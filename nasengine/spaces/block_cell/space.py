"""Space `block-cell`: RENAS' cell of blocks, used as normal and as reduction cell (1808.00193).

A block is {IN1, IN2, OP1, OP2, A}: two inputs, an operation on each, and A, which is always
elementwise addition in the released code and therefore not part of the genome. Inputs are earlier
blocks of the cell or the outputs of the two previous cells. The output joins the blocks that no
other block reads and, in normal cells, the older input. The paper does not list which of the
eight operations of the released table were searched; they are a setting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.architecture import Architecture
from ...core.decision import Decision
from ...core.settings import to_mapping
from ...core.space import Space
from ..common import block_genome, cell_genome
from ..common.cell_drawing import draw_cell, write_cell
from ..common.cell_inheritance import origins
from ..common.inheritance import copy_weights
from ..common.membership import check_membership
from .config import BlockCellConfig

if TYPE_CHECKING:
    import torch


class BlockCellSpace(Space):
    """The genome is a list of blocks [[op, input], [op, input]], see `block_genome`."""

    name = "block-cell"
    Config = BlockCellConfig
    capabilities = frozenset(
        {"mutate", "crossover", "encode", "neighbours", "decisions", "tokens", "inherit"}
    )
    search_settings = frozenset({"operations", "blocks"})
    config: BlockCellConfig

    def architecture(self, blocks: list[Any]) -> Architecture:
        """Return an architecture with the settings of this space.

        Args:
            blocks: The parts of a block may be in any order; they are not validated.
        """
        return Architecture(self.name, to_mapping(self.config), block_genome.ordered(blocks))

    def sample(self, rng: np.random.Generator) -> Architecture:
        return self.architecture(block_genome.draw(rng, self.config.blocks, self.config.operations))

    def validate(self, architecture: Architecture) -> None:
        check_membership(self, architecture)
        config = self.config
        block_genome.check("the genome", architecture.genome, config.blocks, config.operations)

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Change one op or one input, each kind with probability 1/2."""
        field = int(rng.random() < 0.5)
        moves = block_genome.moves(architecture.genome, self.config.operations, field)
        move = moves[rng.integers(len(moves))]
        return self.architecture(block_genome.changed(architecture.genome, move))

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Take each block from either parent with probability 1/2."""
        return self.architecture(block_genome.crossed(first.genome, second.genome, rng))

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        seen = {architecture.canonical}
        for field in (0, 1):
            for move in block_genome.moves(architecture.genome, self.config.operations, field):
                other = self.architecture(block_genome.changed(architecture.genome, move))
                if other.canonical not in seen:
                    seen.add(other.canonical)
                    yield other

    def encode(self, architecture: Architecture) -> np.ndarray:
        """Return how often each (block, input, op) occurs."""
        return block_genome.counts(architecture.genome, self.config.operations)

    def decisions(self) -> tuple[Decision, ...]:
        """Return input, op, input, op for each block."""
        return block_genome.decisions(("block",), self.config.blocks, self.config.operations)

    def choices(self, architecture: Architecture) -> tuple[int, ...]:
        return block_genome.choices(architecture.genome, self.config.operations)

    def from_choices(self, choices: Sequence[int]) -> Architecture:
        return self.architecture(block_genome.from_choices(choices, self.config.operations))

    def inherit(
        self,
        child: Architecture,
        network: torch.nn.Module,
        parent: Architecture,
        weights: Mapping[str, torch.Tensor],
    ) -> int:
        """Copy each part if the parent's block has the same operation on the same input."""
        cells = (self._cells(architecture.genome) for architecture in (child, parent))
        return copy_weights(network, weights, origins(self.config.reductions, *cells))

    def size(self) -> int:
        """Return the number of different genomes; the two parts of a block have no order."""
        return block_genome.size(self.config.blocks, len(self.config.operations))

    def graph(self, architecture: Architecture) -> dict[str, Any]:
        cells = self._cells(architecture.genome)
        return {"cells": [draw_cell(name, cells[name]) for name in cell_genome.CELLS]}

    def canonical(self, architecture: Architecture) -> Architecture:
        return replace(architecture, genome=block_genome.canonical(architecture.genome))

    def text(self, architecture: Architecture) -> str:
        return write_cell(cell_genome.cell(architecture.genome))

    def build(
        self,
        architecture: Architecture,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool = False,
    ) -> torch.nn.Module:
        from ..layers.cell_network import CellNetwork

        self.validate(architecture)
        cells = self._cells(architecture.genome)
        return CellNetwork(self.config, cells, input_shape, classes, auxiliary)

    def _cells(self, blocks: list[Any]) -> cell_genome.Genome:
        """Return the normal and the reduction cell in the form of `cell_genome`."""
        unused = cell_genome.unused(blocks)
        joined = [0, *unused] if self.config.join_input else unused
        return {
            "normal": {"nodes": blocks, "concat": joined},
            "reduce": {"nodes": blocks, "concat": unused},
        }
