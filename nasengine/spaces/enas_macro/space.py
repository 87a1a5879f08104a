"""Space `enas-macro`: ENAS' whole networks of layers with skip connections (1802.03268).

Every layer has one operation on the layer before it, and one bit for each earlier value whether
it reads that too. In a network on its own both are joined and squeezed by a 1x1 convolution, in
the shared network they are added up. Layers are numbered from 1, the stem is value 0.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.architecture import Architecture
from ...core.decision import Decision
from ...core.settings import to_mapping
from ..common.inheritance import copy_weights
from ..common.operations import OPERATIONS, edge, node
from ..common.supernet import relaxed_edges
from ..common.supernet_space import SupernetSpace
from . import genome as macro_genome
from .config import EnasMacroConfig
from .genome import Layers

if TYPE_CHECKING:
    import torch

PLACE = re.compile(r"layers\.(\d+)\.(operation|squeeze)\..+")
STEM = "stem"


class EnasMacroSpace(SupernetSpace):
    """The genome is {"layers": [{"op": name, "skips": [value ...]} ...]}, skips ascending.

    Differently from the released code's final networks all operations are the ones that the
    other spaces have, and values nothing reads behind a halving are not halved.
    """

    name = "enas-macro"
    Config = EnasMacroConfig
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
    config: EnasMacroConfig

    def architecture(self, layers: Layers) -> Architecture:
        """An architecture of this space's settings."""
        return Architecture(self.name, to_mapping(self.config), {"layers": layers})

    def sample(self, rng: np.random.Generator) -> Architecture:
        return self.from_choices([int(rng.integers(len(one.options))) for one in self.decisions()])

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Another op in one layer, or one skip more or less; an even chance each."""
        layers = architecture.genome["layers"]
        moves = list(
            macro_genome.flipped(layers)
            if rng.random() < 0.5
            else macro_genome.renamed(layers, self.config.operations)
        )
        return self.architecture(moves[rng.integers(len(moves))])

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Each layer whole from one of the two with an even chance."""
        pairs = zip(first.genome["layers"], second.genome["layers"], strict=True)
        return self.architecture([copy.deepcopy(pair[rng.integers(2)]) for pair in pairs])

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        layers = architecture.genome["layers"]
        for other in macro_genome.renamed(layers, self.config.operations):
            yield self.architecture(other)
        for other in macro_genome.flipped(layers):
            yield self.architecture(other)

    def encode(self, architecture: Architecture) -> np.ndarray:
        """Of each layer the operation one-hot, then its skips, 1 where it reads a value."""
        parts = []
        for number, layer in enumerate(architecture.genome["layers"], start=1):
            one_hot = [float(op == layer["op"]) for op in self.config.operations]
            parts += [*one_hot, *(float(v in layer["skips"]) for v in range(number - 1))]
        return np.array(parts)

    def decisions(self) -> tuple[Decision, ...]:
        """For each layer its operation, then its skips; a layer is a block."""
        return macro_genome.decisions(self.config.layers, self.config.operations)

    def choices(self, architecture: Architecture) -> tuple[int, ...]:
        return macro_genome.choices(architecture.genome["layers"], self.config.operations)

    def from_choices(self, choices: Sequence[int]) -> Architecture:
        return self.architecture(
            macro_genome.chosen(choices, self.config.layers, self.config.operations)
        )

    def inherit(
        self,
        child: Architecture,
        network: torch.nn.Module,
        parent: Architecture,
        weights: Mapping[str, torch.Tensor],
    ) -> int:
        """Operations where the parent's is the same, 1x1 convolutions where the skips are."""
        layers = list(zip(child.genome["layers"], parent.genome["layers"], strict=True))

        def origin(name: str) -> str | None:
            place = PLACE.fullmatch(name)
            if place is None:
                return name
            part = "op" if place[2] == "operation" else "skips"
            one, other = layers[int(place[1])]
            return name if one[part] == other[part] else None

        return copy_weights(network, weights, origin)

    def size(self) -> int:
        """6^L x 2^(L(L-1)/2) with all operations."""
        layers = self.config.layers
        return len(self.config.operations) ** layers * 2 ** (layers * (layers - 1) // 2)

    def _check(self, genome: Any) -> None:
        macro_genome.check(genome, self.config.layers, self.config.operations)

    def _graph(self, genome: Any) -> dict[str, Any]:
        return _drawing([((layer["op"],), layer["skips"]) for layer in genome["layers"]])

    def _supernet_graph(self) -> dict[str, Any]:
        operations = self.config.operations
        return _drawing([(operations, range(place)) for place in range(self.config.layers)])

    def _text(self, genome: Any) -> str:
        return " ".join(
            f"{number}={OPERATIONS[layer['op']].short}"
            + "".join(f"+{value}" for value in layer["skips"])
            for number, layer in enumerate(genome["layers"], start=1)
        )

    def _build_network(
        self, genome: Any, input_shape: tuple[int, ...], classes: int, auxiliary: bool
    ) -> torch.nn.Module:
        from .network import MacroNetwork

        return MacroNetwork(self.config, genome["layers"], input_shape, classes, auxiliary)

    def _build_supernet(
        self, input_shape: tuple[int, ...], classes: int, partial: int
    ) -> torch.nn.Module:
        from .supernet import EnasMacroSupernet

        return EnasMacroSupernet(self.config, input_shape, classes)


def _drawing(layers: Sequence[tuple[tuple[str, ...], Sequence[int]]]) -> dict[str, Any]:
    """One drawing of a network of layers with operations and skips; the last is its output."""
    names = [STEM, *(str(number) for number in range(1, len(layers) + 1))]
    roles = ["input", *["node"] * (len(layers) - 1), "output"]
    edges = []
    for before, name, (operations, skips) in zip(names, names[1:], layers, strict=False):
        edges += relaxed_edges([(before, name)], operations)
        edges += [edge(names[value], name, "skip_connect") for value in skips]
    nodes = [node(*pair) for pair in zip(names, roles, strict=True)]
    return {"cells": [{"name": "network", "nodes": nodes, "edges": edges}]}
