"""Space `nb201`: the cell of NAS-Bench-201 (2001.00326), 15,625 architectures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.architecture import Architecture
from ...core.decision import Decision
from ...core.errors import InvalidArchitecture
from ...core.settings import to_mapping
from ...core.text import shorten
from ..common.decision_space import DecisionSpace
from ..common.discretisation import read_alphas, strongest_operations
from ..common.inheritance import copy_weights
from ..common.membership import resized
from ..common.operations import edge, node
from ..common.supernet import relaxed_edges
from ..common.supernet_space import SupernetSpace
from .canonical import canonical
from .config import NB201Config
from .genome import EDGES, decisions, parse, to_string
from .inheritance import origins

if TYPE_CHECKING:
    import torch

ENDS = [(str(source), str(target)) for source, target in EDGES]


class NB201Space(SupernetSpace, DecisionSpace):
    """Six edges between four nodes, up to five operations each; the genome is a string."""

    name = "nb201"
    Config = NB201Config
    capabilities = DecisionSpace.capabilities | {
        "enumerate", "inherit", "parse", "supernet", "relaxed", "partial"
    }  # fmt: skip
    search_settings = frozenset({"operations", "pool_norm"})
    config: NB201Config

    def architecture(self, ops: Sequence[str]) -> Architecture:
        """Return an architecture with the settings of this space.

        Args:
            ops: Six operations in the order of EDGES.
        """
        return Architecture(self.name, to_mapping(self.config), to_string(ops))

    def parse(self, text: str) -> Architecture:
        """Return the architecture of a string.

        Raises:
            InvalidArchitecture: the string does not have the form of the benchmark.
        """
        return self.architecture(parse(text))

    @staticmethod
    def resized(
        architecture: Architecture, cells: int | None = None, channels: int | None = None
    ) -> Architecture:
        """Return the same cell in a network of another depth or width; None keeps the present.

        Raises:
            InvalidSettings: a value is outside the bounds of the setting.
        """
        return resized(NB201Config, architecture, cells, channels)

    def decisions(self) -> tuple[Decision, ...]:
        """Return one decision for each edge, in the order of the string; a node is a block."""
        return decisions(self.config.operations)

    def to_genome(self, choices: Sequence[int]) -> str:
        return to_string([self.config.operations[choice] for choice in choices])

    def from_genome(self, genome: Any) -> list[int]:
        return [self.config.operations.index(op) for op in parse(genome)]

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Draw an edge, then another operation for it, as the benchmark's own evolution does."""
        ops = list(parse(architecture.genome))
        index = rng.integers(len(ops))
        others = [op for op in self.config.operations if op != ops[index]]
        ops[index] = others[rng.integers(len(others))]
        return self.architecture(ops)

    def discretise(self, alphas: Mapping[str, Any]) -> Architecture:
        """Return the strongest operation of each edge, which may be `none`.

        Args:
            alphas: "cell" is 6 edges x operations in the order of EDGES and of the settings.
                "cell_edges" is optional and has no effect, because every edge is kept.

        Raises:
            EngineError: names, shapes or values are wrong.
        """
        operations = self.config.operations
        shapes = {"cell": (len(EDGES), len(operations)), "cell_edges": (len(EDGES),)}
        arrays = read_alphas(alphas, shapes, frozenset({"cell_edges"}))
        return self.architecture(strongest_operations(arrays["cell"], operations))

    def inherit(
        self,
        child: Architecture,
        network: torch.nn.Module,
        parent: Architecture,
        weights: Mapping[str, torch.Tensor],
    ) -> int:
        """Copy everything except the edges whose operation changed."""
        return copy_weights(network, weights, origins(parse(child.genome), parse(parent.genome)))

    def _check_genome(self, genome: Any) -> None:
        ops = parse(genome)
        canonical = to_string(ops)
        if absent := [op for op in ops if op not in self.config.operations]:
            options = ", ".join(self.config.operations)
            raise InvalidArchitecture(
                f"{absent[0]} is not an operation of this space: choose one of {options}"
            )
        if genome != canonical:
            raise InvalidArchitecture(
                f"{shorten(genome)} has extra spaces or bars: write {canonical}"
            )

    def _canonical_genome(self, genome: Any) -> str:
        return to_string(canonical(parse(genome), self.config.operations))

    def _draw_genome(self, genome: Any) -> dict[str, Any]:
        return _drawing([edge(*ends, op) for op, ends in zip(parse(genome), ENDS, strict=True)])

    def _draw_supernet(self) -> dict[str, Any]:
        return _drawing(relaxed_edges(ENDS, self.config.operations))

    def _write_genome(self, genome: Any) -> str:
        return to_string(parse(genome))

    def _build_network(
        self, genome: Any, input_shape: tuple[int, ...], classes: int, auxiliary: bool
    ) -> torch.nn.Module:
        from .network import NB201Network

        placed = tuple(zip(parse(genome), EDGES, strict=True))
        return NB201Network(self.config, placed, input_shape, classes, auxiliary)

    def _build_supernet(
        self, input_shape: tuple[int, ...], classes: int, partial: int
    ) -> torch.nn.Module:
        from .supernet import NB201Supernet

        return NB201Supernet(self.config, self.config.operations, input_shape, classes, partial)


def _drawing(edges: list[dict[str, Any]]) -> dict[str, Any]:
    roles = ("input", "node", "node", "output")
    nodes = [node(str(index), role) for index, role in enumerate(roles)]
    return {"cells": [{"name": "cell", "nodes": nodes, "edges": edges}]}
