"""Space `cell`: a normal and a reduction cell, stacked as in DARTS (1806.09055)."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.architecture import Architecture
from ...core.decision import Decision
from ...core.settings import to_mapping
from ..common import cell_genome
from ..common.cell_drawing import draw_cell, draw_supernet_cells, write_cell
from ..common.cell_genome import CELLS, Genome
from ..common.cell_inheritance import origins
from ..common.discretisation import read_alphas, strongest_pairs
from ..common.inheritance import copy_weights
from ..common.membership import resized
from ..common.supernet_space import SupernetSpace
from . import decisions as cell_decisions
from .config import CellConfig

if TYPE_CHECKING:
    import torch

# A possible change: cell, node, pair, field of the pair (0: op, 1: input), other values.
Move = tuple[str, int, int, int, list[Any]]


class CellSpace(SupernetSpace):
    """A normal and a reduction cell of a few nodes; depth and width are settings.

    Each node adds up two operations on two different predecessors. `none` is never chosen: the
    paper excludes it too, and its count of about 10^9 cells is 7^8 x 180. Published cells may
    read one predecessor twice and concatenate only some nodes.
    """

    name = "cell"
    Config = CellConfig
    capabilities = frozenset(
        {"mutate", "crossover", "encode", "neighbours", "decisions", "tokens", "inherit"}
        | {"supernet", "relaxed", "partial"}
    )
    search_settings = frozenset({"operations", "nodes", "supernet_cells", "supernet_channels"})
    config: CellConfig

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations that a node may choose, in the order of the settings."""
        return tuple(op for op in self.config.operations if op != "none")

    def sample(self, rng: np.random.Generator) -> Architecture:
        return self.architecture({name: self._sample_cell(rng) for name in CELLS})

    def architecture(self, genome: Genome) -> Architecture:
        """Return an architecture with the settings of this space.

        Args:
            genome: In canonical form; it is not validated.
        """
        return Architecture(self.name, to_mapping(self.config), genome)

    @staticmethod
    def resized(
        architecture: Architecture, cells: int | None = None, channels: int | None = None
    ) -> Architecture:
        """Return the same cells in a network of another depth or width; None keeps the present.

        Raises:
            InvalidSettings: a value is outside the bounds of the setting.
        """
        return resized(CellConfig, architecture, cells, channels)

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Change one op or one input, each kind with probability 1/2 (1802.01548)."""
        genome = architecture.genome
        moves = [
            move for move in _moves(genome, self.operations, inputs=rng.random() < 0.5) if move[-1]
        ]
        # The first node of a cell reads both inputs; if it is the only node, change an op.
        moves = moves or _moves(genome, self.operations, inputs=False)
        move = moves[rng.integers(len(moves))]
        return self._changed(genome, move, move[-1][rng.integers(len(move[-1]))])

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Take each node and each concat from either parent with probability 1/2."""
        genome = {}
        for name in CELLS:
            pair = (first.genome[name], second.genome[name])
            nodes = [pair[rng.integers(2)]["nodes"][i] for i in range(self.config.nodes)]
            genome[name] = cell_genome.cell(nodes, pair[rng.integers(2)]["concat"])
        return self.architecture(genome)

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        seen = {architecture.canonical}
        for inputs in (False, True):
            for move in _moves(architecture.genome, self.operations, inputs):
                for value in move[-1]:
                    other = self._changed(architecture.genome, move, value)
                    if other.canonical not in seen:
                        seen.add(other.canonical)
                        yield other

    def encode(self, architecture: Architecture) -> np.ndarray:
        """Return how often each (cell, node, input, op) occurs, and what is concatenated."""
        parts = []
        for name in CELLS:
            cell = architecture.genome[name]
            for index, pairs in enumerate(cell["nodes"], start=2):
                counts = np.zeros((index, len(self.operations)))
                for op, source in pairs:
                    counts[source, self.operations.index(op)] += 1
                parts.append(counts.ravel())
            joined = np.zeros(self.config.nodes + 2)
            joined[cell["concat"]] = 1
            parts.append(joined)
        return np.concatenate(parts)

    def decisions(self) -> tuple[Decision, ...]:
        return cell_decisions.decisions(self.config.nodes, self.operations)

    def choices(self, architecture: Architecture) -> tuple[int, ...]:
        return cell_decisions.choices(architecture.genome, self.operations)

    def from_choices(self, choices: Sequence[int]) -> Architecture:
        genome = cell_decisions.genome(choices, self.config.nodes, self.operations)
        return self.architecture(genome)

    def allowed(self, choices: Sequence[int], index: int) -> tuple[int, ...]:
        return cell_decisions.allowed(choices, index, self.decisions()[index])

    def size(self) -> int:
        """Return the number of architectures that `sample` can draw, 1.08e18 as in the paper."""
        inputs = math.prod(math.comb(index, 2) for index in range(2, self.config.nodes + 2))
        return (inputs * len(self.operations) ** (2 * self.config.nodes)) ** 2

    def discretise(self, alphas: Mapping[str, Any]) -> Architecture:
        """Return the two strongest edges of each node with their strongest operation.

        Args:
            alphas: "normal" and "reduce" are edges x operations in the order of the settings;
                "normal_edges" and "reduce_edges" (PC-DARTS) are optional.

        Raises:
            EngineError: names, shapes or values are wrong.
        """
        operations = self.config.operations
        edges = sum(range(2, self.config.nodes + 2))
        shapes: dict[str, tuple[int, ...]] = {name: (edges, len(operations)) for name in CELLS}
        optional = frozenset(f"{name}_edges" for name in CELLS)
        arrays = read_alphas(alphas, {**shapes, **dict.fromkeys(optional, (edges,))}, optional)
        pairs = {
            name: strongest_pairs(
                arrays[name], arrays.get(f"{name}_edges"), operations, inputs=2, kept=2
            )
            for name in CELLS
        }
        return self.architecture({name: cell_genome.cell(pairs[name]) for name in CELLS})

    def inherit(
        self,
        child: Architecture,
        network: torch.nn.Module,
        parent: Architecture,
        weights: Mapping[str, torch.Tensor],
    ) -> int:
        """Copy everything except the pairs that the parent's node does not have."""
        return copy_weights(
            network, weights, origins(self.config.reductions, child.genome, parent.genome)
        )

    def _check_genome(self, genome: Any) -> None:
        cell_genome.check_genome(genome, self.config.nodes, self.operations)

    def _canonical_genome(self, genome: Any) -> Any:
        return {name: cell_genome.canonical(genome[name]) for name in CELLS}

    def _draw_genome(self, genome: Any) -> dict[str, Any]:
        return {"cells": [draw_cell(name, genome[name]) for name in CELLS]}

    def _draw_supernet(self) -> dict[str, Any]:
        return draw_supernet_cells(self.config.nodes, self.config.operations)

    def _write_genome(self, genome: Any) -> str:
        return " | ".join(f"{name} {write_cell(genome[name])}" for name in CELLS)

    def _build_network(
        self, genome: Any, input_shape: tuple[int, ...], classes: int, auxiliary: bool
    ) -> torch.nn.Module:
        from ..layers.cell_network import CellNetwork

        return CellNetwork(self.config, genome, input_shape, classes, auxiliary)

    def _build_supernet(
        self, input_shape: tuple[int, ...], classes: int, partial: int
    ) -> torch.nn.Module:
        from .supernet import CellSupernet

        return CellSupernet(self.supernet_config, input_shape, classes, partial)

    def _sample_cell(self, rng: np.random.Generator) -> dict[str, Any]:
        nodes = []
        for index in range(2, self.config.nodes + 2):
            sources = rng.choice(index, size=2, replace=False)
            ops = [self.operations[i] for i in rng.integers(len(self.operations), size=2)]
            nodes.append([[op, int(source)] for op, source in zip(ops, sources, strict=True)])
        return cell_genome.cell(nodes)

    def _changed(self, genome: Genome, move: Move, value: Any) -> Architecture:
        name, index, which, field, _ = move
        changed = copy.deepcopy(genome)
        pairs = changed[name]["nodes"][index]
        pairs[which][field] = value
        changed[name]["nodes"][index] = cell_genome.node(*pairs)
        return self.architecture(changed)


def _moves(genome: Genome, choices: tuple[str, ...], inputs: bool) -> list[Move]:
    """Return every op that may change, or, with `inputs`, every input."""
    moves: list[Move] = []
    for name in CELLS:
        for index, pairs in enumerate(genome[name]["nodes"]):
            taken = {source for _, source in pairs}
            for which, (op, _) in enumerate(pairs):
                if inputs:
                    values: list[Any] = [i for i in range(index + 2) if i not in taken]
                else:
                    values = [other for other in choices if other != op]
                moves.append((name, index, which, int(inputs), values))
    return moves
