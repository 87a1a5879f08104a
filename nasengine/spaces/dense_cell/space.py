"""Space `dense-cell`: DPP-Net's cell of norm and convolution layers in turn (1806.08198).

One cell type is repeated; cells and layers are densely connected as in CondenseNet, and
average pooling stands between the stages. A cell is norm, conv, norm, conv ...: three
norms, six convolutions. It grows layer by layer, so it may end with a norm layer, which then
normalises what the cell gives on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.architecture import Architecture
from ...core.errors import InvalidArchitecture
from ...core.settings import setting, to_mapping
from ...core.space import Space
from ..common.inheritance import copy_weights
from ..common.membership import check_membership, shown
from ..common.operations import node

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
MIN_VALUE = 2  # layers: a norm and a convolution
WORDS = NORMS + CONVOLUTIONS
# How a convolution is drawn: family, kernel, label.
DRAWN = {
    "conv_1x1": ("conv", 1, "conv 1x1"),
    "conv_3x3": ("conv", 3, "conv 3x3"),
    "group_1x1": ("group", 1, "group 1x1"),
    "group_3x3": ("group", 3, "group 3x3"),
    "learned_group_1x1": ("group", 1, "learned group 1x1"),
    "depthwise_3x3": ("separable", 3, "depthwise 3x3"),
}


@dataclass(frozen=True)
class DenseCellConfig:
    """Settings of space `dense-cell`; the defaults suit `digits` on a small machine."""

    layers: int = setting(
        10, "Most layers of the cell, norms and convolutions together.", low=2, high=40
    )
    stages: int = setting(3, "Stages, average pooling between them.", low=1, high=6)
    cells: int = setting(2, "Cells in each stage.", low=1, high=20)
    channels: int = setting(
        8, "Channels a convolution of the first stage adds; doubled by each stage.", low=2, high=256
    )
    groups: int = setting(4, "Groups of the group convolutions, where they fit.", low=1, high=32)
    condensation: int = setting(
        4, "A learned group reads one of so many inputs in the end.", low=1, high=32
    )

    @property
    def growth(self) -> int:
        """CondenseNet's word for `channels`."""
        return self.channels


class DenseCellSpace(Space):
    """The genome is the list of layers: norms at even places, convolutions at odd ones."""

    name = "dense-cell"
    Config = DenseCellConfig
    capabilities = frozenset(
        {"mutate", "crossover", "encode", "neighbours", "tokens", "growth", "inherit"}
    )
    config: DenseCellConfig

    def architecture(self, layers: list[str]) -> Architecture:
        """An architecture of this space's settings."""
        return Architecture(self.name, to_mapping(self.config), list(layers))

    def sample(self, rng: np.random.Generator) -> Architecture:
        """A number of layers drawn evenly, then every layer."""
        count = int(rng.integers(MIN_VALUE, self.config.layers + 1))
        return self.architecture(
            [_menu(place)[rng.integers(len(_menu(place)))] for place in range(count)]
        )

    def validate(self, architecture: Architecture) -> None:
        check_membership(self, architecture)
        layers = architecture.genome
        if not isinstance(layers, list) or not MIN_VALUE <= len(layers) <= self.config.layers:
            raise InvalidArchitecture(
                f"the genome is {shown(layers)}: it must be a list of {MIN_VALUE} to "
                f"{self.config.layers} layers"
            )
        for place, layer in enumerate(layers):
            if not isinstance(layer, str) or layer not in _menu(place):
                raise InvalidArchitecture(
                    f"layer {place + 1} is {shown(layer)}: choose one of {', '.join(_menu(place))}"
                )

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Another layer at one place, one layer more, or the last one less."""
        around = list(self.neighbours(architecture))
        return around[rng.integers(len(around))]

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """As many layers as one of the two has, each from one that has it."""
        both = (first.genome, second.genome)
        count = len(both[rng.integers(2)])
        layers = []
        for place in range(count):
            having = [one for one in both if place < len(one)]
            layers.append(having[rng.integers(len(having))][place])
        return self.architecture(layers)

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        layers = architecture.genome
        for place, layer in enumerate(layers):
            for other in _menu(place):
                if other != layer:
                    yield self.architecture([*layers[:place], other, *layers[place + 1 :]])
        yield from self.grow(architecture)
        if len(layers) > MIN_VALUE:
            yield self.architecture(layers[:-1])

    def encode(self, architecture: Architecture) -> np.ndarray:
        """One-hot at every place, zeros where there is no layer."""
        parts = []
        for place in range(self.config.layers):
            code = np.zeros(len(_menu(place)))
            if place < len(architecture.genome):
                code[_menu(place).index(architecture.genome[place])] = 1
            parts.append(code)
        return np.concatenate(parts)

    def tokens(self, architecture: Architecture) -> tuple[int, ...]:
        """One word a layer, the same at every place."""
        return tuple(WORDS.index(layer) for layer in architecture.genome)

    def vocabulary(self) -> int:
        return len(WORDS)

    def smallest(self) -> Iterator[Architecture]:
        """The 18 cells of one norm and one convolution."""
        for norm in NORMS:
            for convolution in CONVOLUTIONS:
                yield self.architecture([norm, convolution])

    def grow(self, architecture: Architecture) -> Iterator[Architecture]:
        """One layer more: three children where a norm is next, six where a convolution is."""
        layers = architecture.genome
        if len(layers) < self.config.layers:
            for layer in _menu(len(layers)):
                yield self.architecture([*layers, layer])

    def inherit(
        self,
        child: Architecture,
        network: torch.nn.Module,
        parent: Architecture,
        weights: Mapping[str, torch.Tensor],
    ) -> int:
        """Whatever has the same layer at the same place and the same shape."""
        same = [mine == theirs for mine, theirs in zip(child.genome, parent.genome, strict=False)]

        def origin(name: str) -> str | None:
            parts = name.split(".")
            for room, first in (("norms", 0), ("convolutions", 1)):
                if room in parts:
                    place = 2 * int(parts[parts.index(room) + 1]) + first
                    return name if place < len(same) and same[place] else None
            return name

        return copy_weights(network, weights, origin)

    def size(self) -> int:
        """All cells of every length."""
        total, number = 0, 1
        for place in range(self.config.layers):
            number *= len(_menu(place))
            total += number if place + 1 >= MIN_VALUE else 0
        return total

    def graph(self, architecture: Architecture) -> dict[str, Any]:
        layers = architecture.genome
        pairs = [(layers[i], layers[i + 1]) for i in range(0, len(layers) - 1, 2)]
        names = [str(place) for place in range(1, len(pairs) + 1)]
        nodes = [node("x", "input"), *(node(name, "node") for name in names), node("y", "output")]
        edges = []
        for place, (norm, convolution) in enumerate(pairs):
            family, kernel, label = DRAWN[convolution]
            edges.append(
                {
                    "source": ["x", *names][place],
                    "target": names[place],
                    "op": convolution,
                    "family": family,
                    "kernel": kernel,
                    "label": f"{_norm_words(norm)}{label}",
                }
            )
        last = f"{_norm_words(layers[-1])}concat" if len(layers) % 2 else "concat"
        joined = {"op": "concat", "family": "concat", "kernel": None, "label": last}
        edges += [{"source": name, "target": "y", **joined} for name in ["x", *names]]
        return {"cells": [{"name": "cell", "nodes": nodes, "edges": edges}]}

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


def _menu(place: int) -> tuple[str, ...]:
    return CONVOLUTIONS if place % 2 else NORMS


def _norm_words(norm: str) -> str:
    return {"bn_relu": "BN ReLU, ", "bn": "BN, ", "no_norm": ""}[norm]
