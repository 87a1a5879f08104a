"""Space `nb201`: the cell of NAS-Bench-201 (2001.00326), 15,625 architectures."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.architecture import Architecture
from ...core.decision import Decision
from ...core.errors import InvalidArchitecture
from ...core.settings import setting, to_mapping
from ..common.discretisation import read_alphas, strongest_operations
from ..common.inheritance import copy_weights
from ..common.membership import resized, shown
from ..common.operations import edge, node
from ..common.stacking import check_operations
from ..common.supernet import relaxed_edges
from ..common.supernet_space import SupernetSpace
from .inheritance import origins

if TYPE_CHECKING:
    import torch

OPS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
# (source, target) in the order of the string; node 0 is the input, node 3 the output.
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
ENDS = [(str(source), str(target)) for source, target in EDGES]
RULE = "it must read |op~0|+|op~0|op~1|+|op~0|op~1|op~2| with ops among " + ", ".join(OPS)


@dataclass(frozen=True)
class NB201Config:
    """Settings of space `nb201`; the defaults are the benchmark's.

    Raises:
        InvalidSettings: `operations` repeat, or fewer than two are named.
    """

    cells: int = setting(5, "Cells in each of the three stages.", low=1, high=20)
    channels: int = setting(16, "Channels of the first stage; doubled twice.", low=1, high=512)
    operations: tuple[str, ...] = setting(
        OPS, "Operations an edge may have.", choices=OPS, omit_default=True
    )

    def __post_init__(self) -> None:
        check_operations(self.operations)


def parse(text: Any) -> tuple[str, ...]:
    """The six operations of an architecture string, in the order of EDGES.

    Blanks around the string, a group or an operation are forgiven.

    Raises:
        InvalidArchitecture: the text does not name six known operations at their places.
    """
    if not isinstance(text, str):
        raise InvalidArchitecture(f"{shown(text)} is no nb201 text: {RULE}")
    groups = [group.strip().strip("|").split("|") for group in text.split("+")]
    if [len(group) for group in groups] != [1, 2, 3]:
        raise InvalidArchitecture(f"{shown(text)} has not the nodes of nb201: {RULE}")
    ops = []
    for place, (source, target) in zip(itertools.chain(*groups), EDGES, strict=True):
        op, _, index = (part.strip() for part in place.partition("~"))
        if op not in OPS or index != str(source):
            raise InvalidArchitecture(
                f"{shown(place)} stands where node {target} reads node {source}: {RULE}"
            )
        ops.append(op)
    return tuple(ops)


def to_string(ops: tuple[str, ...] | list[str]) -> str:
    """The architecture string of six operations in the order of EDGES."""
    words = [f"{op}~{source}" for op, (source, _) in zip(ops, EDGES, strict=True)]
    groups = (words[:1], words[1:3], words[3:])
    return "+".join("|" + "|".join(group) + "|" for group in groups)


def arch_str(architecture: Architecture) -> str:
    """The string the benchmark's tables know an `nb201` architecture by."""
    return to_string(parse(architecture.genome))


class NB201Space(SupernetSpace):
    """Six edges between four nodes, up to five operations each; the genome is the string itself."""

    name = "nb201"
    Config = NB201Config
    capabilities = frozenset(
        {
            "mutate",
            "crossover",
            "encode",
            "neighbours",
            "enumerate",
            "decisions",
            "tokens",
            "inherit",
            "supernet",
            "relaxed",
            "partial",
        }
    )
    config: NB201Config

    def architecture(self, ops: tuple[str, ...] | list[str]) -> Architecture:
        """An architecture of this space's settings from six operations in the order of EDGES."""
        return Architecture(self.name, to_mapping(self.config), to_string(ops))

    def parse(self, text: str) -> Architecture:
        """The architecture of a string.

        Raises:
            InvalidArchitecture: the string does not follow the benchmark's form.
        """
        return self.architecture(parse(text))

    @staticmethod
    def resized(
        architecture: Architecture, cells: int | None = None, channels: int | None = None
    ) -> Architecture:
        """The same cell in a skeleton of another depth or width; None keeps what it has.

        Raises:
            InvalidSettings: a size outside the bounds of the settings.
        """
        return resized(NB201Config, architecture, cells, channels)

    def sample(self, rng: np.random.Generator) -> Architecture:
        ops = self.config.operations
        return self.architecture([ops[i] for i in rng.integers(len(ops), size=len(EDGES))])

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Another operation on one edge, as the benchmark's own evolution does."""
        ops = list(parse(architecture.genome))
        place = rng.integers(len(ops))
        others = [op for op in self.config.operations if op != ops[place]]
        ops[place] = others[rng.integers(len(others))]
        return self.architecture(ops)

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Each edge's operation from one of the two with an even chance."""
        pairs = zip(parse(first.genome), parse(second.genome), strict=True)
        return self.architecture([pair[rng.integers(2)] for pair in pairs])

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        ops = parse(architecture.genome)
        for place, present in enumerate(ops):
            for op in self.config.operations:
                if op != present:
                    yield self.architecture([*ops[:place], op, *ops[place + 1 :]])

    def enumerate(self) -> Iterator[Architecture]:
        """All of them (15,625 with five operations), the last edge changing fastest.

        The order is not the benchmark's own numbering.
        """
        for ops in itertools.product(self.config.operations, repeat=len(EDGES)):
            yield self.architecture(ops)

    def encode(self, architecture: Architecture) -> np.ndarray:
        """One-hot, 6 edges x 5 operations = 30 numbers."""
        return np.eye(len(self.config.operations))[list(self.choices(architecture))].ravel()

    def decisions(self) -> tuple[Decision, ...]:
        """The operation of each edge, in the order of the string; a node is a block."""
        return _decisions(self.config.operations)

    def choices(self, architecture: Architecture) -> tuple[int, ...]:
        ops = self.config.operations
        return tuple(ops.index(op) for op in parse(architecture.genome))

    def from_choices(self, choices: Sequence[int]) -> Architecture:
        return self.architecture([self.config.operations[choice] for choice in choices])

    def size(self) -> int:
        return len(self.config.operations) ** len(EDGES)

    def discretise(self, alphas: Mapping[str, Any]) -> Architecture:
        """The strongest operation of each edge, `none` among them.

        `alphas` holds "cell", 6 edges x 5 operations in the order of EDGES and OPS; "cell_edges"
        may be there too and changes nothing, since all edges stay.

        Raises:
            EngineError: other names, shapes or values.
        """
        operations = self.config.operations
        shapes = {"cell": (len(EDGES), len(operations)), "cell_edges": (len(EDGES),)}
        given = read_alphas(alphas, shapes, frozenset({"cell_edges"}))
        return self.architecture(strongest_operations(given["cell"], operations))

    def inherit(
        self,
        child: Architecture,
        network: torch.nn.Module,
        parent: Architecture,
        weights: Mapping[str, torch.Tensor],
    ) -> int:
        """Everything but the edges whose operation changed."""
        return copy_weights(network, weights, origins(parse(child.genome), parse(parent.genome)))

    def _check(self, genome: Any) -> None:
        ops = parse(genome)
        canonical = to_string(ops)
        if absent := [op for op in ops if op not in self.config.operations]:
            allowed = ", ".join(self.config.operations)
            raise InvalidArchitecture(
                f"{absent[0]} is not among the operations of this space: use {allowed}"
            )
        if genome != canonical:
            raise InvalidArchitecture(
                f"{shown(genome)} has blanks or bars to spare: write {canonical}"
            )

    def _graph(self, genome: Any) -> dict[str, Any]:
        return _drawing([edge(*ends, op) for op, ends in zip(parse(genome), ENDS, strict=True)])

    def _supernet_graph(self) -> dict[str, Any]:
        return _drawing(relaxed_edges(ENDS, self.config.operations))

    def _text(self, genome: Any) -> str:
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


@cache
def _decisions(operations: tuple[str, ...]) -> tuple[Decision, ...]:
    return tuple(
        Decision(f"op {source} to {target}", operations, "op", block=target - 1)
        for source, target in EDGES
    )


def _drawing(edges: list[dict[str, Any]]) -> dict[str, Any]:
    roles = ("input", "node", "node", "output")
    nodes = [node(str(index), role) for index, role in enumerate(roles)]
    return {"cells": [{"name": "cell", "nodes": nodes, "edges": edges}]}
