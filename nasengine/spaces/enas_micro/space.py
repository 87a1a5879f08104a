"""Space `enas-micro`: the normal and the reduction cell of ENAS (1802.03268).

Each cell has its own blocks; a block adds up two operations on two values, which may be the
same. The output joins the blocks that no other block reads. Cells are stacked as in DARTS: L
layers of the released code are L + 2 cells here, with reductions at the same places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.architecture import Architecture
from ...core.decision import Decision
from ...core.errors import InvalidArchitecture
from ...core.settings import to_mapping
from ...core.text import shorten
from ..common import block_genome, cell_genome
from ..common.cell_drawing import draw_cell, draw_supernet_cells, write_cell
from ..common.cell_genome import CELLS
from ..common.cell_inheritance import origins
from ..common.inheritance import copy_weights
from ..common.supernet_space import SupernetSpace
from .config import EnasMicroConfig

if TYPE_CHECKING:
    import torch

Cells = dict[str, list[Any]]


class EnasMicroSpace(SupernetSpace):
    """The genome is {"normal": BLOCKS, "reduce": BLOCKS}, see `block_genome`."""

    name = "enas-micro"
    Config = EnasMicroConfig
    capabilities = frozenset(
        {
            "mutate",
            "crossover",
            "encode",
            "neighbours",
            "decisions",
            "tokens",
            "inherit",
            "supernet",
        }
    )
    search_settings = frozenset({"operations", "nodes", "supernet_cells", "supernet_channels"})
    config: EnasMicroConfig

    def architecture(self, cells: Cells) -> Architecture:
        """Return an architecture with the settings of this space.

        Args:
            cells: The parts of a block may be in any order; they are not validated.
        """
        genome = {name: block_genome.ordered(cells[name]) for name in CELLS}
        return Architecture(self.name, to_mapping(self.config), genome)

    def sample(self, rng: np.random.Generator) -> Architecture:
        config = self.config
        return self.architecture(
            {name: block_genome.draw(rng, config.nodes, config.operations) for name in CELLS}
        )

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Change one op or one input, each kind with probability 1/2."""
        moves = self._moves(architecture.genome, field=int(rng.random() < 0.5))
        return self._changed(architecture.genome, *moves[rng.integers(len(moves))])

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Take each block from either parent with probability 1/2."""
        pairs = {name: (first.genome[name], second.genome[name]) for name in CELLS}
        return self.architecture(
            {name: block_genome.crossed(*pair, rng) for name, pair in pairs.items()}
        )

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        seen = {architecture.canonical}
        for field in (0, 1):
            for name, move in self._moves(architecture.genome, field):
                other = self._changed(architecture.genome, name, move)
                if other.canonical not in seen:
                    seen.add(other.canonical)
                    yield other

    def encode(self, architecture: Architecture) -> np.ndarray:
        """Return how often each (cell, block, input, op) occurs."""
        genome, operations = architecture.genome, self.config.operations
        return np.concatenate([block_genome.counts(genome[name], operations) for name in CELLS])

    def decisions(self) -> tuple[Decision, ...]:
        """Return input, op, input, op for each block; the normal cell comes first."""
        return block_genome.decisions(CELLS, self.config.nodes, self.config.operations)

    def choices(self, architecture: Architecture) -> tuple[int, ...]:
        genome, operations = architecture.genome, self.config.operations
        return tuple(
            choice for name in CELLS for choice in block_genome.choices(genome[name], operations)
        )

    def from_choices(self, choices: Sequence[int]) -> Architecture:
        return self.architecture(block_genome.cells(choices, CELLS, self.config.operations))

    def inherit(
        self,
        child: Architecture,
        network: torch.nn.Module,
        parent: Architecture,
        weights: Mapping[str, torch.Tensor],
    ) -> int:
        """Copy each part if the parent's block has the same operation on the same input."""
        cells = (_cells(architecture.genome) for architecture in (child, parent))
        return copy_weights(network, weights, origins(self.config.reductions, *cells))

    def size(self) -> int:
        """Return the number of different genomes; the two parts of a block have no order.

        The paper is reported to count 1.3e11 ordered sequences for five blocks.
        """
        return block_genome.size(self.config.nodes, len(self.config.operations)) ** 2

    def _check_genome(self, genome: Any) -> None:
        if not isinstance(genome, dict) or set(genome) != set(CELLS):
            raise InvalidArchitecture(
                f"the genome is {shorten(genome)}: it must be an object with normal and reduce"
            )
        for name in CELLS:
            blocks = genome[name]
            block_genome.check(f"cell {name}", blocks, self.config.nodes, self.config.operations)

    def _canonical_genome(self, genome: Any) -> Any:
        return {name: block_genome.canonical(genome[name]) for name in CELLS}

    def _draw_genome(self, genome: Any) -> dict[str, Any]:
        cells = _cells(genome)
        return {"cells": [draw_cell(name, cells[name]) for name in CELLS]}

    def _draw_supernet(self) -> dict[str, Any]:
        return draw_supernet_cells(self.config.nodes, self.config.operations)

    def _write_genome(self, genome: Any) -> str:
        cells = {name: cell_genome.cell(genome[name]) for name in CELLS}
        return " | ".join(f"{name} {write_cell(cells[name])}" for name in CELLS)

    def _build_network(
        self, genome: Any, input_shape: tuple[int, ...], classes: int, auxiliary: bool
    ) -> torch.nn.Module:
        from ..layers.cell_network import CellNetwork

        return CellNetwork(self.config, _cells(genome), input_shape, classes, auxiliary)

    def _build_supernet(
        self, input_shape: tuple[int, ...], classes: int, partial: int
    ) -> torch.nn.Module:
        from .supernet import EnasMicroSupernet

        return EnasMicroSupernet(self.supernet_config, input_shape, classes)

    def _moves(self, cells: Cells, field: int) -> list[tuple[str, block_genome.Move]]:
        operations = self.config.operations
        return [
            (name, move)
            for name in CELLS
            for move in block_genome.moves(cells[name], operations, field)
        ]

    def _changed(self, cells: Cells, name: str, move: block_genome.Move) -> Architecture:
        return self.architecture({**cells, name: block_genome.changed(cells[name], move)})


def _cells(cells: Cells) -> cell_genome.Genome:
    """Return both cells in the form of `cell_genome`."""
    return {
        name: {"nodes": blocks, "concat": cell_genome.unused(blocks)}
        for name, blocks in cells.items()
    }
