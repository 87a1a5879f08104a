"""Space `dense-cell`: the cell of alternating norms and convolutions of DPP-Net (1806.08198).

One cell is repeated. Cells and layers are densely connected as in CondenseNet, with average
pooling between the stages. There are three norms and six convolutions. A cell grows layer by
layer, so it may end with a norm, which then normalises the output of the cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.architecture import Architecture
from ...core.errors import InvalidArchitecture
from ...core.settings import to_mapping
from ...core.space import Space
from ...core.text import shorten
from ..common.inheritance import copy_weights
from ..common.membership import check_membership
from ..common.operations import node
from .config import DenseCellConfig

if TYPE_CHECKING:
    import torch

NORMS = ("bn_relu", "bn", "no_norm")
CONVOLUTIONS = (
    "conv_1x1",
    "conv_3x3",
    "group_1x1",
    "group_3x3",
    "learned_group_1x1",
    "depthwise_3x3",
)
MIN_LAYERS = 2  # a norm and a convolution
TOKENS = NORMS + CONVOLUTIONS
# Family, kernel and label of a convolution in a drawing.
DRAWN = {
    "conv_1x1": ("conv", 1, "conv 1x1"),
    "conv_3x3": ("conv", 3, "conv 3x3"),
    "group_1x1": ("group", 1, "group 1x1"),
    "group_3x3": ("group", 3, "group 3x3"),
    "learned_group_1x1": ("group", 1, "learned group 1x1"),
    "depthwise_3x3": ("separable", 3, "depthwise 3x3"),
}


class DenseCellSpace(Space):
    """The genome is a list of layer names: norms at even indices, convolutions at odd ones."""

    name = "dense-cell"
    Config = DenseCellConfig
    capabilities = frozenset(
        {"mutate", "crossover", "encode", "neighbours", "tokens", "growth", "inherit"}
    )
    search_settings = frozenset({"layers"})
    config: DenseCellConfig

    def architecture(self, layers: list[str]) -> Architecture:
        """Return an architecture with the settings of this space; it is not validated."""
        return Architecture(self.name, to_mapping(self.config), list(layers))

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draw the number of layers uniformly, then each layer."""
        count = int(rng.integers(MIN_LAYERS, self.config.layers + 1))
        return self.architecture(
            [_options(index)[rng.integers(len(_options(index)))] for index in range(count)]
        )

    def validate(self, architecture: Architecture) -> None:
        check_membership(self, architecture)
        layers = architecture.genome
        if not isinstance(layers, list) or not MIN_LAYERS <= len(layers) <= self.config.layers:
            raise InvalidArchitecture(
                f"the genome is {shorten(layers)}: it must be a list of {MIN_LAYERS} to "
                f"{self.config.layers} layers"
            )
        for index, layer in enumerate(layers):
            options = _options(index)
            if not isinstance(layer, str) or layer not in options:
                raise InvalidArchitecture(
                    f"layer {index + 1} is {shorten(layer)}: choose one of {', '.join(options)}"
                )

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Replace one layer, add one at the end, or remove the last one."""
        neighbours = list(self.neighbours(architecture))
        return neighbours[rng.integers(len(neighbours))]

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Take the number of layers, then each layer, from either parent that has it."""
        parents = (first.genome, second.genome)
        count = len(parents[rng.integers(2)])
        layers = []
        for index in range(count):
            donors = [parent for parent in parents if index < len(parent)]
            layers.append(donors[rng.integers(len(donors))][index])
        return self.architecture(layers)

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        layers = architecture.genome
        for index, layer in enumerate(layers):
            for other in _options(index):
                if other != layer:
                    yield self.architecture([*layers[:index], other, *layers[index + 1 :]])
        yield from self.grow(architecture)
        if len(layers) > MIN_LAYERS:
            yield self.architecture(layers[:-1])

    def encode(self, architecture: Architecture) -> np.ndarray:
        """Return each layer one-hot; the vector of a missing layer is zero."""
        parts = []
        for index in range(self.config.layers):
            code = np.zeros(len(_options(index)))
            if index < len(architecture.genome):
                code[_options(index).index(architecture.genome[index])] = 1
            parts.append(code)
        return np.concatenate(parts)

    def tokens(self, architecture: Architecture) -> tuple[int, ...]:
        """Return one token for each layer; tokens do not depend on the position."""
        return tuple(TOKENS.index(layer) for layer in architecture.genome)

    def vocabulary(self) -> int:
        return len(TOKENS)

    def smallest(self) -> Iterator[Architecture]:
        """Yield the 18 cells of one norm and one convolution."""
        for norm in NORMS:
            for convolution in CONVOLUTIONS:
                yield self.architecture([norm, convolution])

    def grow(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yield the cells with one more layer: three if it is a norm, six if a convolution."""
        layers = architecture.genome
        if len(layers) < self.config.layers:
            for layer in _options(len(layers)):
                yield self.architecture([*layers, layer])

    def inherit(
        self,
        child: Architecture,
        network: torch.nn.Module,
        parent: Architecture,
        weights: Mapping[str, torch.Tensor],
    ) -> int:
        """Copy each layer that both have at the same position with the same shape."""
        pairs = zip(child.genome, parent.genome, strict=False)
        same = [layer == parent_layer for layer, parent_layer in pairs]

        def origin(name: str) -> str | None:
            parts = name.split(".")
            for modules, first in (("norms", 0), ("convolutions", 1)):
                if modules in parts:
                    index = 2 * int(parts[parts.index(modules) + 1]) + first
                    return name if index < len(same) and same[index] else None
            return name

        return copy_weights(network, weights, origin)

    def size(self) -> int:
        """Return the number of cells of all lengths."""
        total, cells = 0, 1
        for index in range(self.config.layers):
            cells *= len(_options(index))
            total += cells if index + 1 >= MIN_LAYERS else 0
        return total

    def graph(self, architecture: Architecture) -> dict[str, Any]:
        layers = architecture.genome
        pairs = [(layers[i], layers[i + 1]) for i in range(0, len(layers) - 1, 2)]
        names = [str(number) for number in range(1, len(pairs) + 1)]
        nodes = [node("x", "input"), *(node(name, "node") for name in names), node("y", "output")]
        edges = []
        for index, (norm, convolution) in enumerate(pairs):
            family, kernel, label = DRAWN[convolution]
            edges.append(
                {
                    "source": ["x", *names][index],
                    "target": names[index],
                    "op": convolution,
                    "family": family,
                    "kernel": kernel,
                    "label": f"{_norm_label(norm)}{label}",
                }
            )
        last = f"{_norm_label(layers[-1])}concat" if len(layers) % 2 else "concat"
        joined = {"op": "concat", "family": "concat", "kernel": None, "label": last}
        edges += [{"source": name, "target": "y", **joined} for name in ["x", *names]]
        return {"cells": [{"name": "cell", "nodes": nodes, "edges": edges}]}

    def canonical(self, architecture: Architecture) -> Architecture:
        """Leave out a last layer that does nothing."""
        layers = architecture.genome
        return (
            replace(architecture, genome=layers[:-1]) if layers[-1] == "no_norm" else architecture
        )

    def text(self, architecture: Architecture) -> str:
        return " ".join(architecture.genome)

    def build(
        self,
        architecture: Architecture,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool = False,
    ) -> torch.nn.Module:
        from .network import dense_cell_network

        self.validate(architecture)
        return dense_cell_network(self.config, architecture.genome, input_shape, classes, auxiliary)


def _options(index: int) -> tuple[str, ...]:
    return CONVOLUTIONS if index % 2 else NORMS


def _norm_label(norm: str) -> str:
    return {"bn_relu": "BN ReLU, ", "bn": "BN, ", "no_norm": ""}[norm]
