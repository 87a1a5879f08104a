"""Spaces that are a chain of layers with two sizes each, as MONAS (1806.10332) searches them."""

from __future__ import annotations

import itertools
import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ...core.architecture import Architecture
from ...core.decision import Decision
from ...core.errors import InvalidArchitecture, InvalidSettings
from ...core.settings import to_mapping
from ...core.space import Space
from .inheritance import copy_weights
from .membership import check_membership, shown
from .operations import node

if TYPE_CHECKING:
    import torch


def check_menus(**menus: tuple[int, ...]) -> None:
    """Refuses candidate lists that are empty or name a value twice.

    Raises:
        InvalidSettings: names each wrong list.
    """
    errors = {
        name: f"{', '.join(map(str, values)) or 'nothing'} is no choice: name values, each once"
        for name, values in menus.items()
        if not values or len(set(values)) < len(values)
    }
    if errors:
        raise InvalidSettings(errors)


class ChainSpace(Space):
    """The genome is a list of [first size, second size], one a layer (or block)."""

    capabilities = frozenset(
        {"mutate", "crossover", "encode", "neighbours", "decisions", "tokens", "inherit"}
    )
    row: ClassVar[str]  # what one entry is called
    sizes: ClassVar[tuple[str, str]]  # what its two numbers are called

    @property
    @abstractmethod
    def rows(self) -> int:
        """How many layers (or blocks) there are."""

    @property
    @abstractmethod
    def menus(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The values each of the two sizes may take."""

    @abstractmethod
    def layer_edge(self, first: int, second: int) -> dict[str, Any]:
        """Op, family, kernel and label of one layer in a drawing."""

    def architecture(self, rows: Sequence[Sequence[int]]) -> Architecture:
        """An architecture of this space's settings."""
        return Architecture(self.name, to_mapping(self.config), [list(row) for row in rows])

    def sample(self, rng: np.random.Generator) -> Architecture:
        return self.architecture(
            [[menu[rng.integers(len(menu))] for menu in self.menus] for _ in range(self.rows)]
        )

    def validate(self, architecture: Architecture) -> None:
        check_membership(self, architecture)
        rows = architecture.genome
        if not isinstance(rows, list) or len(rows) != self.rows:
            raise InvalidArchitecture(
                f"the genome is {shown(rows)}: it must be a list of {self.rows}, one a {self.row}"
            )
        for place, row in enumerate(rows, start=1):
            if not isinstance(row, list) or len(row) != 2:
                raise InvalidArchitecture(
                    f"{self.row} {place} is {shown(row)}: it must be [{', '.join(self.sizes)}]"
                )
            for name, menu, value in zip(self.sizes, self.menus, row, strict=True):
                if type(value) is not int or value not in menu:
                    known = ", ".join(map(str, menu))
                    raise InvalidArchitecture(
                        f"{self.row} {place} has {name} {shown(value)}: choose one of {known}"
                    )

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Another value for one size."""
        moves = list(self._moves(architecture))
        return self._changed(architecture, moves[rng.integers(len(moves))])

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Each size from one of the two with an even chance."""
        rows = zip(first.genome, second.genome, strict=True)
        return self.architecture(
            [[pair[rng.integers(2)] for pair in zip(*row, strict=True)] for row in rows]
        )

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        for move in self._moves(architecture):
            yield self._changed(architecture, move)

    def encode(self, architecture: Architecture) -> np.ndarray:
        """One-hot, a place for each value of each size."""
        parts = []
        for row in architecture.genome:
            for menu, value in zip(self.menus, row, strict=True):
                parts.append(np.array([float(value == one) for one in menu]))
        return np.concatenate(parts)

    def decisions(self) -> tuple[Decision, ...]:
        """The two sizes of each layer in turn; a layer is a block."""
        return tuple(
            Decision(f"{self.row} {block + 1} {name}", tuple(map(str, menu)), "size", block)
            for block in range(self.rows)
            for name, menu in zip(self.sizes, self.menus, strict=True)
        )

    def choices(self, architecture: Architecture) -> tuple[int, ...]:
        return tuple(
            menu.index(value)
            for row in architecture.genome
            for menu, value in zip(self.menus, row, strict=True)
        )

    def from_choices(self, choices: Sequence[int]) -> Architecture:
        values = [
            menu[one] for menu, one in zip(itertools.cycle(self.menus), choices, strict=False)
        ]
        return self.architecture([values[i : i + 2] for i in range(0, len(values), 2)])

    def inherit(
        self,
        child: Architecture,
        network: torch.nn.Module,
        parent: Architecture,
        weights: Mapping[str, torch.Tensor],
    ) -> int:
        """Every layer whose shape has stayed."""
        return copy_weights(network, weights)

    def enumerate(self) -> Iterator[Architecture]:
        """The last size changes fastest; a space offers it where the default has few enough."""
        for choices in itertools.product(*(range(len(d.options)) for d in self.decisions())):
            yield self.from_choices(choices)

    def size(self) -> int:
        return math.prod(len(menu) for menu in self.menus) ** self.rows

    def graph(self, architecture: Architecture) -> dict[str, Any]:
        names = [str(place) for place in range(1, self.rows + 1)]
        nodes = [node("x", "input"), *(node(name, "node") for name in names), node("y", "output")]
        edges = [
            {"source": source, "target": target, **self.layer_edge(*row)}
            for source, target, row in zip(["x", *names], names, architecture.genome, strict=False)
        ]
        end = {"op": "skip_connect", "family": "skip", "kernel": None, "label": "head"}
        edges.append({"source": names[-1], "target": "y", **end})
        return {"cells": [{"name": "chain", "nodes": nodes, "edges": edges}]}

    def text(self, architecture: Architecture) -> str:
        return " ".join("x".join(map(str, row)) for row in architecture.genome)

    def _moves(self, architecture: Architecture) -> Iterator[tuple[int, int, int]]:
        for place, row in enumerate(architecture.genome):
            for which, menu in enumerate(self.menus):
                for value in menu:
                    if value != row[which]:
                        yield place, which, value

    def _changed(self, architecture: Architecture, move: tuple[int, int, int]) -> Architecture:
        place, which, value = move
        rows = [list(row) for row in architecture.genome]
        rows[place][which] = value
        return self.architecture(rows)
