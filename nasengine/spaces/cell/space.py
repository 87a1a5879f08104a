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
from ..common.cell_drawing import draw_cell, write_cell
from ..common.cell_genome import CELLS, Genome
from ..common.cell_inheritance import origins
from ..common.cell_supernet import alpha_shapes, draw_supernet
from ..common.discretisation import read_alphas, strongest_pairs
from ..common.inheritance import copy_weights
from ..common.membership import resized
from ..common.supernet_space import SupernetSpace
from . import decisions as cell_decisions
from .config import CellConfig

if TYPE_CHECKING:
    import torch

# Where one choice may change: cell, node, pair, field of the pair, values it may take.
Move = tuple[str, int, int, int, list[Any]]


class CellSpace(SupernetSpace):
    """Two cells of a few nodes, searched; depth and width are settings.

    Every node sums two operations on two different predecessors. `none` is never chosen:
    the paper's derivation leaves it out too, and 7^8 x 180 is its "about 10^9" per cell.
    Published cells may read one predecessor twice and concatenate some nodes only.
    """

    name = "cell"
    Config = CellConfig
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
            "relaxed",
            "partial",
        }
    )
    config: CellConfig

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations a node may choose, in the order of the settings."""
        return tuple(op for op in self.config.operations if op != "none")

    def sample(self, rng: np.random.Generator) -> Architecture:
        return self.architecture({name: self._sample_cell(rng) for name in CELLS})

    def architecture(self, genome: Genome) -> Architecture:
        """An architecture of this space's settings from a genome in canonical form."""
        return Architecture(self.name, to_mapping(self.config), genome)

    @staticmethod
    def resized(
        architecture: Architecture, cells: int | None = None, channels: int | None = None
    ) -> Architecture:
        """The same cells stacked to another depth or width; None keeps what it has.

        Raises:
            InvalidSettings: a size outside the bounds of the settings.
        """
        return resized(CellConfig, architecture, cells, channels)

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Another op or another input for one pair, an even chance each (1802.01548)."""
        genome = architecture.genome
        moves = [
            move for move in _moves(genome, self.operations, inputs=rng.random() < 0.5) if move[-1]
        ]
        # The first node of a cell cannot change inputs; where it is the only one, its ops do.
        moves = moves or _moves(genome, self.operations, inputs=False)
        move = moves[rng.integers(len(moves))]
        return self._changed(genome, move, move[-1][rng.integers(len(move[-1]))])

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Each node, and each concat, whole from one of the two with an even chance."""
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
        """How often each (cell, node, input, op) occurs, then which indices are concatenated."""
        parts = []
        for name in CELLS:
            one = architecture.genome[name]
            for index, pairs in enumerate(one["nodes"], start=2):
                counts = np.zeros((index, len(self.operations)))
                for op, source in pairs:
                    counts[source, self.operations.index(op)] += 1
                parts.append(counts.ravel())
            joined = np.zeros(self.config.nodes + 2)
            joined[one["concat"]] = 1
            parts.append(joined)
        return np.concatenate(parts)

    def decisions(self) -> tuple[Decision, ...]:
        return cell_decisions.decisions(self.config.nodes, self.operations)

    def choices(self, architecture: Architecture) -> tuple[int, ...]:
        return cell_decisions.choices(architecture.genome, self.operations)

    def from_choices(self, choices: Sequence[int]) -> Architecture:
        genome = cell_decisions.genome(choices, self.config.nodes, self.operations)
        return self.architecture(genome)

    def allowed(self, choices: Sequence[int], place: int) -> tuple[int, ...]:
        return cell_decisions.allowed(choices, place, self.decisions()[place])

    def size(self) -> int:
        """How many architectures `sample` can draw: 1.08e18 with the paper's settings."""
        inputs = math.prod(math.comb(index, 2) for index in range(2, self.config.nodes + 2))
        return (inputs * len(self.operations) ** (2 * self.config.nodes)) ** 2

    def discretise(self, alphas: Mapping[str, Any]) -> Architecture:
        """The two strongest edges of each node with their strongest operation, never `none`.

        `alphas` holds "normal" and "reduce", edges x operations in the order of the settings,
        and "normal_edges" and "reduce_edges" where edges have weights of their own.

        Raises:
            EngineError: other names, shapes or values.
        """
        shapes, optional = alpha_shapes(self.config)
        given = read_alphas(alphas, shapes, optional)
        genome = {
            name: cell_genome.cell(
                strongest_pairs(
                    given[name], given.get(f"{name}_edges"), self.config.operations, 2, 2
                )
            )
            for name in CELLS
        }
        return self.architecture(genome)

    def inherit(
        self,
        child: Architecture,
        network: torch.nn.Module,
        parent: Architecture,
        weights: Mapping[str, torch.Tensor],
    ) -> int:
        """Everything but the pairs that the parent's node does not have."""
        return copy_weights(
            network, weights, origins(self.config.reductions, child.genome, parent.genome)
        )

    def _check(self, genome: Any) -> None:
        cell_genome.check_genome(genome, self.config.nodes, self.operations)

    def _graph(self, genome: Any) -> dict[str, Any]:
        return {"cells": [draw_cell(name, genome[name]) for name in CELLS]}

    def _supernet_graph(self) -> dict[str, Any]:
        return draw_supernet(self.config)

    def _text(self, genome: Any) -> str:
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

        return CellSupernet(self.config, input_shape, classes, partial)

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
    """Every place where an op (or, with `inputs`, an input) may change."""
    found: list[Move] = []
    for name in CELLS:
        for index, pairs in enumerate(genome[name]["nodes"]):
            taken = {source for _, source in pairs}
            for which, (op, _) in enumerate(pairs):
                if inputs:
                    values: list[Any] = [i for i in range(index + 2) if i not in taken]
                else:
                    values = [other for other in choices if other != op]
                found.append((name, index, which, int(inputs), values))
    return found
