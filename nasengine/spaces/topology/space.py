"""Space `topology`: graphs of convolutions that grow from a single one (1809.03242).

Zhang, Kiranyaz and Gabbouj, Finding Better Topologies for Deep Convolutional Neural Networks
by Evolution. A graph has a source, a sink and convolutions. The paper does not publish the
probabilities of the five mutations; they are settings, equal by default. It does not define how
several inputs are merged, which is a setting, or where maps shrink: here some convolutions halve
their maps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.architecture import Architecture
from ...core.settings import to_mapping
from ...core.space import Space
from ..common.membership import check_membership
from ..common.operations import node
from .config import TopologyConfig
from .graph import FIRST, MAX_ID, SINK, SOURCE, Graph, minimal
from .mutations import branched, branches, bred, inserted, insertions, mutated
from .rules import check_genome

if TYPE_CHECKING:
    import torch


class TopologySpace(Space):
    """Graphs with the five mutations of the paper; a child keeps the node ids of its parent.

    With the setting `ids` innovation, breeding matches only convolutions at the same place.
    """

    name = "topology"
    Config = TopologyConfig
    capabilities = frozenset({"mutate", "crossover", "encode", "tokens", "growth", "inherit"})
    search_settings = frozenset(
        {"nodes", "doublings", "kernels", "ids", "start", "pool"}
        | {"double", "add_node", "add_edge", "delete_edge", "insert"}
    )
    config: TopologyConfig

    def architecture(self, graph: Graph) -> Architecture:
        """Return an architecture with the settings of this space; it is not validated."""
        return Architecture(self.name, to_mapping(self.config), graph.to_genome())

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Mutate a smallest graph; the number of mutations is uniform from 1 to `start`."""
        smallest = list(self._smallest())
        graph = smallest[int(rng.integers(len(smallest)))]
        for _ in range(int(rng.integers(1, self.config.start + 1))):
            graph = mutated(graph, self.config, rng)
        return self.architecture(graph)

    def validate(self, architecture: Architecture) -> None:
        check_membership(self, architecture)
        check_genome(architecture.genome, self.config)

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Apply one of the five mutations, drawn by their probabilities."""
        graph = Graph.from_genome(architecture.genome)
        return self.architecture(mutated(graph, self.config, rng))

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Breed: return the first graph with some nodes and edges of the second."""
        graph, other = (Graph.from_genome(parent.genome) for parent in (first, second))
        return self.architecture(bred(graph, other, rng))

    def encode(self, architecture: Architecture) -> np.ndarray:
        """Return numbers for each node by its short number, then the adjacency matrix.

        Four describe the node; with innovation numbers a fifth is its id, scaled to at most 1.
        """
        graph = Graph.from_genome(architecture.genome)
        size, numbers = self.config.nodes + FIRST, {SOURCE: SOURCE, SINK: SINK, **graph.numbers}
        by_place = self.config.ids == "innovation"
        features, edges = np.zeros((size, 4 + by_place)), np.zeros((size, size))
        for number, convolution in graph.nodes.items():
            doublings = np.log2(convolution.channels / self.config.channels)
            row = [1, doublings + 1, convolution.kernel, convolution.pool, number / MAX_ID]
            features[numbers[number]] = row[: 4 + by_place]
        for source, target in graph.edges:
            edges[numbers[source], numbers[target]] = 1
        return np.concatenate([features.ravel(), edges.ravel()])

    def tokens(self, architecture: Architecture) -> tuple[int, ...]:
        """Return, for each node by short number, its kind and inputs; the sink comes last."""
        graph = Graph.from_genome(architecture.genome)
        ids = self.config.nodes + FIRST
        numbers = {SOURCE: SOURCE, **graph.numbers}
        tokens: list[int] = []
        for number in sorted(graph.nodes, key=numbers.__getitem__):
            convolution = graph.nodes[number]
            doublings = (convolution.channels // self.config.channels).bit_length() - 1
            kind = self.config.kernels.index(convolution.kernel) * 2 + convolution.pool
            tokens.append(ids + kind * (self.config.doublings + 1) + doublings)
            tokens += sorted(numbers[source] for source in graph.inputs(number))
        return (*tokens, SINK, *sorted(numbers[source] for source in graph.inputs(SINK)))

    def vocabulary(self) -> int:
        kinds = len(self.config.kernels) * 2 * (self.config.doublings + 1)
        return self.config.nodes + FIRST + kinds

    def smallest(self) -> Iterator[Architecture]:
        """Yield graphs of one convolution: every kernel, without and with halving."""
        return map(self.architecture, self._smallest())

    def grow(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yield graphs with one more convolution, in an edge or as a branch between two nodes."""
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
        """Copy weights so that doubling, inserting and adding do not change the output."""
        from .inheritance import WeightTransfer

        child_network: Any = network
        return WeightTransfer(child_network, Graph.from_genome(parent.genome), weights).run()

    def canonical(self, architecture: Architecture) -> Architecture:
        """Renumber the convolutions from 2 up; their ids only match them to other graphs."""
        graph = Graph.from_genome(architecture.genome)
        return replace(architecture, genome=graph.canonical().to_genome())

    def graph(self, architecture: Architecture) -> dict[str, Any]:
        graph = Graph.from_genome(architecture.genome)
        names = {SOURCE: "x", SINK: "y"} | {n: str(short) for n, short in graph.numbers.items()}
        nodes = [
            node("x", "input"),
            *(node(names[n], "node") for n in graph.order),
            node("y", "output"),
        ]
        edges = []
        for target in [*graph.order, SINK]:
            for source in graph.inputs(target):
                edges.append(
                    {"source": names[source], "target": names[target], **_edge(graph, target)}
                )
        return {"cells": [{"name": "graph", "nodes": nodes, "edges": edges}]}

    def text(self, architecture: Architecture) -> str:
        graph = Graph.from_genome(architecture.genome)
        parts = []
        for number in graph.order:
            node = graph.nodes[number]
            pool = "/2" if node.pool else ""
            name = f"{graph.numbers[number]}={node.channels}x{node.kernel}{pool}"
            parts.append(f"{name}<-{_inputs(graph, number)}")
        return " ".join([*parts, f"y<-{_inputs(graph, SINK)}"])

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


def _inputs(graph: Graph, number: int) -> str:
    inputs = sorted(graph.numbers.get(source, SOURCE) for source in graph.inputs(number))
    return ",".join("x" if source == SOURCE else str(source) for source in inputs)


def _edge(graph: Graph, target: int) -> dict[str, Any]:
    """Return op, family, kernel and label of an edge, which show the convolution at its end."""
    if target == SINK:
        return {"op": "concat", "family": "concat", "kernel": None, "label": "mean"}
    reader = graph.nodes[target]
    label = f"{reader.channels} {reader.kernel}x{reader.kernel}" + (" /2" if reader.pool else "")
    return {"op": "conv", "family": "conv", "kernel": reader.kernel, "label": label}
