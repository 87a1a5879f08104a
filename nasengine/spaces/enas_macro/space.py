"""Space `enas-macro`: whole networks of layers with skip connections, from ENAS (1802.03268).

Each layer has one operation on the previous layer and one bit for each earlier value that
decides whether it reads that value too. The stand-alone network concatenates them and applies a
1x1 convolution; the supernet adds them up. Layers are numbered from 1; the stem is value 0.
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

LAYER_PART = re.compile(r"layers\.(\d+)\.(operation|squeeze)\..+")
STEM = "stem"


class EnasMacroSpace(SupernetSpace):
    """The genome is {"layers": [{"op": name, "skips": [value ...]} ...]}, skips ascending.

    Two differences from the final networks of the released code: operations are those of the
    other spaces, and values that no layer reads after a halving are not halved.
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
    search_settings = frozenset({"operations", "supernet_channels"})
    config: EnasMacroConfig

    def architecture(self, layers: Layers) -> Architecture:
        """Return an architecture with the settings of this space; it is not validated."""
        return Architecture(self.name, to_mapping(self.config), {"layers": layers})

    def sample(self, rng: np.random.Generator) -> Architecture:
        return self.from_choices(
            [int(rng.integers(len(decision.options))) for decision in self.decisions()]
        )

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Change one op, or add or remove one skip, each kind with probability 1/2."""
        layers = architecture.genome["layers"]
        moves = list(
            macro_genome.with_other_skips(layers)
            if rng.random() < 0.5
            else macro_genome.with_other_ops(layers, self.config.operations)
        )
        return self.architecture(moves[rng.integers(len(moves))])

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Take each layer from either parent with probability 1/2."""
        pairs = zip(first.genome["layers"], second.genome["layers"], strict=True)
        return self.architecture([copy.deepcopy(pair[rng.integers(2)]) for pair in pairs])

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        layers = architecture.genome["layers"]
        for other in macro_genome.with_other_ops(layers, self.config.operations):
            yield self.architecture(other)
        for other in macro_genome.with_other_skips(layers):
            yield self.architecture(other)

    def encode(self, architecture: Architecture) -> np.ndarray:
        """Return, for each layer, its operation one-hot and its skips as 0 or 1."""
        parts = []
        for number, layer in enumerate(architecture.genome["layers"], start=1):
            one_hot = [float(op == layer["op"]) for op in self.config.operations]
            parts += [*one_hot, *(float(v in layer["skips"]) for v in range(number - 1))]
        return np.array(parts)

    def decisions(self) -> tuple[Decision, ...]:
        """Return, for each layer, its operation and its skips; a layer is a block."""
        return macro_genome.decisions(self.config.layers, self.config.operations)

    def choices(self, architecture: Architecture) -> tuple[int, ...]:
        return macro_genome.choices(architecture.genome["layers"], self.config.operations)

    def from_choices(self, choices: Sequence[int]) -> Architecture:
        return self.architecture(
            macro_genome.from_choices(choices, self.config.layers, self.config.operations)
        )

    def inherit(
        self,
        child: Architecture,
        network: torch.nn.Module,
        parent: Architecture,
        weights: Mapping[str, torch.Tensor],
    ) -> int:
        """Copy unchanged operations, and the 1x1 convolutions of layers with unchanged skips."""
        layers = list(zip(child.genome["layers"], parent.genome["layers"], strict=True))

        def origin(name: str) -> str | None:
            match = LAYER_PART.fullmatch(name)
            if match is None:
                return name
            part = "op" if match[2] == "operation" else "skips"
            layer, parent_layer = layers[int(match[1])]
            return name if layer[part] == parent_layer[part] else None

        return copy_weights(network, weights, origin)

    def size(self) -> int:
        """Return the number of genomes: 6^L x 2^(L (L - 1) / 2) with all operations."""
        layers = self.config.layers
        return len(self.config.operations) ** layers * 2 ** (layers * (layers - 1) // 2)

    def _check_genome(self, genome: Any) -> None:
        macro_genome.check(genome, self.config.layers, self.config.operations)

    def _draw_genome(self, genome: Any) -> dict[str, Any]:
        return _drawing([((layer["op"],), layer["skips"]) for layer in genome["layers"]])

    def _draw_supernet(self) -> dict[str, Any]:
        operations = self.config.operations
        return _drawing([(operations, range(number)) for number in range(self.config.layers)])

    def _write_genome(self, genome: Any) -> str:
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

        return EnasMacroSupernet(self.supernet_config, input_shape, classes)


def _drawing(layers: Sequence[tuple[tuple[str, ...], Sequence[int]]]) -> dict[str, Any]:
    """Return the drawing of (operations, skips) of each layer; the last layer is the output."""
    names = [STEM, *(str(number) for number in range(1, len(layers) + 1))]
    roles = ["input", *["node"] * (len(layers) - 1), "output"]
    edges = []
    for before, name, (operations, skips) in zip(names, names[1:], layers, strict=False):
        edges += relaxed_edges([(before, name)], operations)
        edges += [edge(names[value], name, "skip_connect") for value in skips]
    nodes = [node(*pair) for pair in zip(names, roles, strict=True)]
    return {"cells": [{"name": "network", "nodes": nodes, "edges": edges}]}
