"""Features of an architecture that need no training: decisions, graph, paths and size."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...core.architecture import Architecture
from ...core.space import Space
from .paths import path_features

# Labels of subgraphs are hashed to this many columns; a cell of `nb201` has about 270 labels.
COLUMNS = 1024
MAX_CACHED = 20_000
# Weights per value of an operation, in units of those of a 1x1 convolution, by family.
SHARE_OF_FULL = {"conv": 1.0, "group": 0.25, "separable": 0.125, "dilated": 0.125}


@dataclass(frozen=True)
class Features:
    """Features of n architectures.

    Attributes:
        tokens: n x the longest sequence of decisions, -1 where a sequence has ended.
        operations: n x COLUMNS, counts of operations; rows have length 1.
        contexts: n x COLUMNS, counts of operations with their neighbours; rows have length 1.
        paths: n x the names, as in `path_features`; 0 where an architecture has no such number.
        names: Names of the columns of `paths`, with that of the cell before each.
        sizes: n, as in `size_of`.
    """

    tokens: np.ndarray
    operations: np.ndarray
    contexts: np.ndarray
    paths: np.ndarray
    names: tuple[str, ...]
    sizes: np.ndarray

    def rows(self, index: np.ndarray | slice) -> Features:
        """Return the features of some of the architectures."""
        return replace(
            self,
            tokens=self.tokens[index],
            operations=self.operations[index],
            contexts=self.contexts[index],
            paths=self.paths[index],
            sizes=self.sizes[index],
        )

    def like(self, other: Features) -> Features:
        """Return the features with the columns of `other`, filled up as where there is no value."""
        columns = other.tokens.shape[1]
        kept = self.tokens[:, :columns]
        tokens = np.pad(kept, ((0, 0), (0, columns - kept.shape[1])), constant_values=-1)
        own = dict(zip(self.names, self.paths.T, strict=True))
        absent = np.zeros(len(self.sizes))
        paths = [own.get(name, absent) for name in other.names]
        stacked = np.stack(paths, axis=1) if paths else np.zeros((len(self.sizes), 0))
        return replace(self, tokens=tokens, paths=stacked, names=other.names)


@dataclass(frozen=True)
class _Row:
    tokens: tuple[int, ...]
    operations: tuple[tuple[int, ...], tuple[float, ...]]
    contexts: tuple[tuple[int, ...], tuple[float, ...]]
    paths: dict[str, float]
    size: float


class Encoder:
    """Returns the features of architectures of one space; remembers the recent ones."""

    def __init__(self, space: Space):
        self._space = space
        self._rows: dict[Architecture, _Row] = {}

    def features(self, architectures: Sequence[Architecture]) -> Features:
        """Return the features of n architectures."""
        rows = [self._row(architecture) for architecture in architectures]
        tokens = np.full((len(rows), max(len(row.tokens) for row in rows)), -1, dtype=np.int32)
        operations = np.zeros((len(rows), COLUMNS), dtype=np.float32)
        contexts = np.zeros((len(rows), COLUMNS), dtype=np.float32)
        for index, row in enumerate(rows):
            tokens[index, : len(row.tokens)] = row.tokens
            operations[index, row.operations[0]] = row.operations[1]
            contexts[index, row.contexts[0]] = row.contexts[1]
        names = tuple(sorted({name for row in rows for name in row.paths}))
        paths = np.array([[row.paths.get(name, 0.0) for name in names] for row in rows])
        sizes = np.array([row.size for row in rows])
        return Features(tokens, operations, contexts, paths, names, sizes)

    def size(self, architecture: Architecture) -> float:
        """Return the size of one architecture."""
        return self._row(architecture).size

    def _row(self, architecture: Architecture) -> _Row:
        row = self._rows.get(architecture)
        if row is None:
            if len(self._rows) >= MAX_CACHED:
                self._rows.clear()
            row = self._rows[architecture] = self._made(architecture)
        return row

    def _made(self, architecture: Architecture) -> _Row:
        drawing = self._space.graph(architecture)
        operations: Counter[str] = Counter()
        contexts: Counter[str] = Counter()
        paths: dict[str, float] = {}
        for cell in drawing["cells"]:
            edges = used_edges(cell)
            found = path_features(cell, edges)
            paths.update({f"{cell['name']}/{name}": value for name, value in found.items()})
            operations.update(f"{cell['name']}/{label}" for label in _labels(edges))
            contexts.update(f"{cell['name']}/{label}" for label in _contexts(edges))
        for decision in drawing.get("decisions", []):  # of a space without networks
            operations[label := f"{decision['name']}/{decision['option']}"] += 1
            contexts[label] += 1
        tokens = tuple(self._space.tokens(architecture))
        return _Row(tokens, _hashed(operations), _hashed(contexts), paths, size_of(drawing))


def used_edges(cell: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the edges of a drawn cell that pass values from an input towards an output.

    Edges with operation `none` pass nothing, and so do edges that only such edges lead to.
    """
    edges = [edge for edge in cell["edges"] if edge["family"] != "none"]
    while True:
        targets = {edge["target"] for edge in edges}
        sources = {edge["source"] for edge in edges}
        starts = {node["id"] for node in cell["nodes"] if node["role"] == "input"}
        ends = {node["id"] for node in cell["nodes"] if node["role"] == "output"}
        kept = [
            edge
            for edge in edges
            if (edge["source"] in targets or edge["source"] in starts)
            and (edge["target"] in sources or edge["target"] in ends)
        ]
        if len(kept) == len(edges):
            return edges
        edges = kept


def size_of(drawing: dict[str, Any]) -> float:
    """Return a number that grows with the multiplications of a drawn network.

    It is the sum over the operations that pass values on of the weights that one output value
    takes; on `nb201` architectures have the same order by it as by MACs. Nothing is built or
    trained.
    """
    return sum(
        SHARE_OF_FULL.get(edge["family"], 0.0) * (edge["kernel"] or 1) ** 2
        for cell in drawing["cells"]
        for edge in cell["edges"]
    )


def _labels(edges: Sequence[dict[str, Any]]) -> list[str]:
    """Return each operation with whether it reads an input and whether it feeds an output."""
    targets = {edge["target"] for edge in edges}
    sources = {edge["source"] for edge in edges}
    return [
        f"{edge['label']}"
        f"{'' if edge['source'] in targets else ' from input'}"
        f"{'' if edge['target'] in sources else ' to output'}"
        for edge in edges
    ]


def _contexts(edges: Sequence[dict[str, Any]]) -> list[str]:
    """Return each operation with those before and after it: one Weisfeiler-Lehman step."""
    labels = _labels(edges)
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for edge, label in zip(edges, labels, strict=True):
        before.setdefault(edge["target"], []).append(label)
        after.setdefault(edge["source"], []).append(label)
    return [
        f"{label} ({', '.join(sorted(before.get(edge['source'], [])))}"
        f" | {', '.join(sorted(after.get(edge['target'], [])))})"
        for edge, label in zip(edges, labels, strict=True)
    ]


def _hashed(counts: Counter[str]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return columns and values of a row of length 1."""
    summed: dict[int, float] = {}
    for label, count in counts.items():
        column = zlib.crc32(label.encode()) % COLUMNS
        summed[column] = summed.get(column, 0.0) + count
    length = sum(value * value for value in summed.values()) ** 0.5
    return tuple(summed), tuple(value / length for value in summed.values())
