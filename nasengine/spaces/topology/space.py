"""Space `topology`: graphs of convolutions that grow from the smallest one (1809.03242).

Zhang, Kiranyaz and Gabbouj, Finding Better Topologies for Deep Convolutional Neural Networks
by Evolution. A graph has a source, a sink and convolutions. The paper's chances of the five
mutations are unknown: they are settings, even by default. It says neither how several inputs
become one, which is a setting, nor where maps shrink: here some convolutions halve theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.architecture import Architecture
from ...core.settings import to_mapping
from ...core.space import Space
from ..common.membership import check_membership
from ..common.operations import node
from .config import TopologyConfig
from .graph import FIRST, SINK, SOURCE, Graph, minimal
from .mutations import branched, branches, bred, inserted, insertions, mutated
from .rules import check_genome

if TYPE_CHECKING:
    import torch


class TopologySpace(Space):
    """Mutation is one of the paper's five; ids of nodes stay from parent to child."""

    name = "topology"
    Config = TopologyConfig
    capabilities = frozenset({"mutate", "crossover", "encode", "tokens", "growth", "inherit"})
    config: TopologyConfig

    def architecture(self, graph: Graph) -> Architecture:
        """An architecture of this space's settings."""
        return Architecture(self.name, to_mapping(self.config), graph.to_genome())

    def sample(self, rng: np.random.Generator) -> Architecture:
        """A smallest graph after a number of mutations, drawn evenly from 1 to `start`."""
        smallest = list(self._smallest())
        graph = smallest[int(rng.integers(len(smallest)))]
        for _ in range(int(rng.integers(1, self.config.start + 1))):
            graph = mutated(graph, self.config, rng)
        return self.architecture(graph)

    def validate(self, architecture: Architecture) -> None:
        check_membership(self, architecture)
        check_genome(architecture.genome, self.config)

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """One of the five mutations, by their chances, where it is possible."""
        graph = Graph.from_genome(architecture.genome)
        return self.architecture(mutated(graph, self.config, rng))

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Breeding: the first graph with nodes and edges of the second where they fit."""
        graph, other = (Graph.from_genome(one.genome) for one in (first, second))
        return self.architecture(bred(graph, other, rng))

    def encode(self, architecture: Architecture) -> np.ndarray:
        """For every id four numbers of its node, then who reads whom."""
        graph = Graph.from_genome(architecture.genome)
        size = self.config.nodes + FIRST
        facts, edges = np.zeros((size, 4)), np.zeros((size, size))
        for number, one in graph.nodes.items():
            doubled = np.log2(one.channels / self.config.channels)
            facts[number] = 1, doubled + 1, one.kernel, one.pool
        for source, target in graph.edges:
            edges[source, target] = 1
        return np.concatenate([facts.ravel(), edges.ravel()])

    def tokens(self, architecture: Architecture) -> tuple[int, ...]:
        """Node by node, by id: what it is, then whom it reads; the sink last."""
        graph = Graph.from_genome(architecture.genome)
        ids = self.config.nodes + FIRST
        words: list[int] = []
        for number in sorted(graph.nodes):
            one = graph.nodes[number]
            doubled = (one.channels // self.config.channels).bit_length() - 1
            kind = self.config.kernels.index(one.kernel) * 2 + one.pool
            words.append(ids + kind * (self.config.doublings + 1) + doubled)
            words += graph.inputs(number)
        return (*words, SINK, *graph.inputs(SINK))

    def vocabulary(self) -> int:
        kinds = len(self.config.kernels) * 2 * (self.config.doublings + 1)
        return self.config.nodes + FIRST + kinds

    def smallest(self) -> Iterator[Architecture]:
        """Source, one convolution, sink; every kernel, with and without halving."""
        return map(self.architecture, self._smallest())

    def grow(self, architecture: Architecture) -> Iterator[Architecture]:
        """A convolution more, in any of the edges or as a branch between any two nodes."""
        graph = Graph.from_genome(architecture.genome)
        for edge, kernel in insertions(graph, self.config):
            yield self.architecture(inserted(graph, edge, kernel, self.config))
        for pair, kernel, pool in branches(graph, self.config):
            yield self.architecture(branched(graph, pair, kernel, pool, self.config))

    def inherit(
        self,
        child: Architecture,
        network: torch.nn.Module,
        parent: Architecture,
        weights: Mapping[str, torch.Tensor],
    ) -> int:
        """Keeps the parent's answer after doubling, inserting and adding; copies what survives."""
        from .inheritance import WeightTransfer

        heir: Any = network
        return WeightTransfer(heir, Graph.from_genome(parent.genome), weights).take_over()

    def graph(self, architecture: Architecture) -> dict[str, Any]:
        graph = Graph.from_genome(architecture.genome)
        names = {SOURCE: "x", SINK: "y"} | {n: str(n) for n in graph.nodes}
        nodes = [
            node("x", "input"),
            *(node(str(n), "node") for n in graph.order),
            node("y", "output"),
        ]
        edges = []
        for target in [*graph.order, SINK]:
            for source in graph.inputs(target):
                edges.append(
                    {"source": names[source], "target": names[target], **_drawn(graph, target)}
                )
        return {"cells": [{"name": "graph", "nodes": nodes, "edges": edges}]}

    def text(self, architecture: Architecture) -> str:
        graph = Graph.from_genome(architecture.genome)
        words = []
        for number in graph.order:
            one = graph.nodes[number]
            pool = "/2" if one.pool else ""
            words.append(f"{number}={one.channels}x{one.kernel}{pool}<-{_listed(graph, number)}")
        return " ".join([*words, f"y<-{_listed(graph, SINK)}"])

    def build(
        self,
        architecture: Architecture,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool = False,
    ) -> torch.nn.Module:
        from .network import TopologyNetwork

        self.validate(architecture)
        graph = Graph.from_genome(architecture.genome)
        return TopologyNetwork(self.config, graph, input_shape, classes, auxiliary)

    def _smallest(self) -> Iterator[Graph]:
        for kernel in self.config.kernels:
            for pool in (False, True):
                yield minimal(self.config.channels, kernel, pool)


def _listed(graph: Graph, number: int) -> str:
    return ",".join("x" if one == SOURCE else str(one) for one in graph.inputs(number))


def _drawn(graph: Graph, target: int) -> dict[str, Any]:
    """How an edge is drawn: by the convolution that reads it."""
    if target == SINK:
        return {"op": "concat", "family": "concat", "kernel": None, "label": "mean"}
    one = graph.nodes[target]
    label = f"{one.channels} {one.kernel}x{one.kernel}" + (" /2" if one.pool else "")
    return {"op": "conv", "family": "conv", "kernel": one.kernel, "label": label}
