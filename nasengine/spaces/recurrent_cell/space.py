"""Space `recurrent-cell`: the recurrent cell of DARTS (1806.09055) and ENAS (1802.03268)."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ...core.architecture import Architecture
from ...core.dataset import DataKind
from ...core.decision import Decision
from ...core.errors import EngineError
from ...core.settings import to_mapping
from ..common.discretisation import read_alphas, strongest_pairs
from ..common.inheritance import copy_weights
from ..common.membership import shown
from ..common.supernet_space import SupernetSpace
from . import genome as rules
from .config import RecurrentCellConfig
from .drawing import draw_nodes, draw_supernet, write_nodes

if TYPE_CHECKING:
    import torch

# Node, place in its pair, the other values it may take.
Move = tuple[int, int, list[Any]]


class RecurrentCellSpace(SupernetSpace):
    """A recurrent cell that reads words: node 0 joins word and state, others read one before.

    The state behind a word is the mean of all nodes but node 0. Size and dropout are settings.
    """

    name = "recurrent-cell"
    Config = RecurrentCellConfig
    data_kind: ClassVar[DataKind] = "text"
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
            "relaxed",
        }
    )
    config: RecurrentCellConfig

    def architecture(self, nodes: list[list[Any]]) -> Architecture:
        """An architecture of this space's settings from its [function, source] pairs."""
        return Architecture(self.name, to_mapping(self.config), {"nodes": nodes})

    def sample(self, rng: np.random.Generator) -> Architecture:
        functions = self.config.functions
        return self.architecture(
            [
                [functions[rng.integers(len(functions))], int(rng.integers(place))]
                for place in range(1, self.config.nodes + 1)
            ]
        )

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Another function or another source for one node, an even chance each."""
        nodes = architecture.genome["nodes"]
        moves = self._moves(nodes, place=int(rng.random() < 0.5)) or self._moves(nodes, place=0)
        move = moves[rng.integers(len(moves))]
        return self._changed(nodes, move, move[-1][rng.integers(len(move[-1]))])

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Each node whole from one of the two with an even chance."""
        pairs = zip(first.genome["nodes"], second.genome["nodes"], strict=True)
        return self.architecture([list(pair[rng.integers(2)]) for pair in pairs])

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        nodes = architecture.genome["nodes"]
        for place in (0, 1):
            for move in self._moves(nodes, place):
                for value in move[-1]:
                    yield self._changed(nodes, move, value)

    def encode(self, architecture: Architecture) -> np.ndarray:
        """One-hot over (source, function) of each node."""
        functions, parts = self.config.functions, []
        for place, (function, source) in enumerate(architecture.genome["nodes"], start=1):
            chosen = np.zeros((place, len(functions)))
            chosen[source, functions.index(function)] = 1
            parts.append(chosen.ravel())
        return np.concatenate(parts)

    def decisions(self) -> tuple[Decision, ...]:
        return rules.decisions(self.config.nodes, self.config.functions)

    def choices(self, architecture: Architecture) -> tuple[int, ...]:
        return rules.choices_of(architecture.genome["nodes"], self.config.functions)

    def from_choices(self, choices: Sequence[int]) -> Architecture:
        return self.architecture(rules.nodes_of(choices, self.config.functions))

    def size(self) -> int:
        """How many architectures there are: 2.6e9 with eight nodes and four functions."""
        nodes = self.config.nodes
        return math.factorial(nodes) * len(self.config.functions) ** nodes

    def discretise(self, alphas: Mapping[str, Any]) -> Architecture:
        """The strongest edge of each node with its strongest function, never `none`.

        `alphas` holds "cell", edges x (none and the functions), edges by target, then by source.

        Raises:
            EngineError: other names, shapes or values.
        """
        nodes, operations = self.config.nodes, self.config.relaxed
        shape = (nodes * (nodes + 1) // 2, len(operations))
        given = read_alphas(alphas, {"cell": shape}, frozenset())
        pairs = strongest_pairs(given["cell"], None, operations, inputs=1, kept=1)
        return self.architecture([pair for (pair,) in pairs])

    def build(
        self,
        architecture: Architecture,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool = False,
    ) -> torch.nn.Module:
        """`classes` is the vocabulary; one input is a word, shape (1,).

        Raises:
            EngineError: an auxiliary head is asked for, or the input is no word.
        """
        if auxiliary:
            raise EngineError(
                "auxiliary is true for a recurrent network, which has no auxiliary head: "
                "leave it out"
            )
        if tuple(input_shape) != (1,):
            raise EngineError(
                f"the input shape {shown(input_shape)} is no word's: recurrent-cell reads text, "
                "whose shape is (1,)"
            )
        return super().build(architecture, input_shape, classes)

    def inherit(
        self,
        child: Architecture,
        network: torch.nn.Module,
        parent: Architecture,
        weights: Mapping[str, torch.Tensor],
    ) -> int:
        """Everything but the matrices of nodes whose function or source changed."""
        pairs = enumerate(zip(child.genome["nodes"], parent.genome["nodes"], strict=False))
        kept = {f"matrices.{place}" for place, (one, other) in pairs if one == other}
        return copy_weights(
            network,
            weights,
            lambda name: name if name in kept or not name.startswith("matrices.") else None,
        )

    def _check(self, genome: Any) -> None:
        rules.check_genome(genome, self.config.nodes, self.config.functions)

    def _graph(self, genome: Any) -> dict[str, Any]:
        return draw_nodes(genome["nodes"])

    def _supernet_graph(self) -> dict[str, Any]:
        return draw_supernet(self.config.nodes, self.config.relaxed)

    def _text(self, genome: Any) -> str:
        return write_nodes(genome["nodes"])

    def _build_network(
        self, genome: Any, input_shape: tuple[int, ...], classes: int, auxiliary: bool
    ) -> torch.nn.Module:
        from .network import RecurrentNetwork

        return RecurrentNetwork(self.config, genome["nodes"], classes)

    def _build_supernet(
        self, input_shape: tuple[int, ...], classes: int, partial: int
    ) -> torch.nn.Module:
        from .supernet import RecurrentSupernet

        return RecurrentSupernet(self.config, classes)

    def _moves(self, nodes: list[list[Any]], place: int) -> list[Move]:
        """Where a function (place 0) or a source (1) may change."""
        found: list[Move] = []
        for index, one in enumerate(nodes):
            values: Sequence[Any] = range(index + 1) if place else self.config.functions
            others = [value for value in values if value != one[place]]
            if others:
                found.append((index, place, others))
        return found

    def _changed(self, nodes: list[list[Any]], move: Move, value: Any) -> Architecture:
        index, place, _ = move
        changed = copy.deepcopy(nodes)
        changed[index][place] = value
        return self.architecture(changed)
