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
from ...core.text import shorten
from ..common.discretisation import read_alphas, strongest_pairs
from ..common.inheritance import copy_weights
from ..common.supernet_space import SupernetSpace
from . import genome as rules
from .config import RecurrentCellConfig
from .drawing import draw_nodes, draw_supernet, write_nodes

if TYPE_CHECKING:
    import torch

# A possible change: node, field of its pair (0: function, 1: source), other values.
Move = tuple[int, int, list[Any]]


class RecurrentCellSpace(SupernetSpace):
    """A recurrent cell that reads words: node 0 joins word and state, others read an earlier node.

    The next state is the mean of all nodes except node 0, or, as in ENAS, of those that no other
    node reads. Size and dropouts are settings.
    """

    name = "recurrent-cell"
    Config = RecurrentCellConfig
    data_kind: ClassVar[DataKind] = "text"
    capabilities = frozenset(
        {"mutate", "crossover", "encode", "neighbours", "decisions", "tokens", "inherit"}
        | {"supernet", "relaxed"}
    )
    search_settings = frozenset(
        {"functions", "nodes", "supernet_hidden", "supernet_word_dropout", "pair_matrices"}
    )
    config: RecurrentCellConfig

    def architecture(self, nodes: list[list[Any]]) -> Architecture:
        """Return an architecture with the settings of this space.

        Args:
            nodes: [function, source] pairs; they are not validated.
        """
        return Architecture(self.name, to_mapping(self.config), {"nodes": nodes})

    def sample(self, rng: np.random.Generator) -> Architecture:
        functions = self.config.functions
        return self.architecture(
            [
                [functions[rng.integers(len(functions))], int(rng.integers(number))]
                for number in range(1, self.config.nodes + 1)
            ]
        )

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Change one function or one source, each kind with probability 1/2."""
        nodes = architecture.genome["nodes"]
        # With a single node no source can change; change its function instead.
        moves = self._moves(nodes, field=int(rng.random() < 0.5)) or self._moves(nodes, field=0)
        move = moves[rng.integers(len(moves))]
        return self._changed(nodes, move, move[-1][rng.integers(len(move[-1]))])

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Take each node from either parent with probability 1/2."""
        pairs = zip(first.genome["nodes"], second.genome["nodes"], strict=True)
        return self.architecture([list(pair[rng.integers(2)]) for pair in pairs])

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        nodes = architecture.genome["nodes"]
        for field in (0, 1):
            for move in self._moves(nodes, field):
                for value in move[-1]:
                    yield self._changed(nodes, move, value)

    def encode(self, architecture: Architecture) -> np.ndarray:
        """Return (source, function) of each node one-hot."""
        functions, parts = self.config.functions, []
        for number, (function, source) in enumerate(architecture.genome["nodes"], start=1):
            one_hot = np.zeros((number, len(functions)))
            one_hot[source, functions.index(function)] = 1
            parts.append(one_hot.ravel())
        return np.concatenate(parts)

    def decisions(self) -> tuple[Decision, ...]:
        return rules.decisions(self.config.nodes, self.config.functions)

    def choices(self, architecture: Architecture) -> tuple[int, ...]:
        return rules.choices_of(architecture.genome["nodes"], self.config.functions)

    def from_choices(self, choices: Sequence[int]) -> Architecture:
        return self.architecture(rules.nodes_of(choices, self.config.functions))

    def size(self) -> int:
        """Return the number of architectures, 2.6e9 with eight nodes and four functions."""
        nodes = self.config.nodes
        return math.factorial(nodes) * len(self.config.functions) ** nodes

    def discretise(self, alphas: Mapping[str, Any]) -> Architecture:
        """Return the strongest edge of each node with its strongest function, never `none`.

        Args:
            alphas: "cell" is edges x (none and the functions), edges by target, then by source.

        Raises:
            EngineError: names, shapes or values are wrong.
        """
        nodes, operations = self.config.nodes, self.config.relaxed
        shape = (nodes * (nodes + 1) // 2, len(operations))
        arrays = read_alphas(alphas, {"cell": shape}, frozenset())
        pairs = strongest_pairs(arrays["cell"], None, operations, inputs=1, kept=1)
        return self.architecture([pair for (pair,) in pairs])

    def build(
        self,
        architecture: Architecture,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool = False,
    ) -> torch.nn.Module:
        """Return the network; `classes` is the size of the vocabulary.

        Raises:
            EngineError: `auxiliary` is true, or `input_shape` is not (1,).
        """
        if auxiliary:
            raise EngineError(
                "auxiliary is true, but a recurrent network has no auxiliary head: set it to false"
            )
        if tuple(input_shape) != (1,):
            raise EngineError(
                f"the input shape is {shorten(input_shape)}: recurrent-cell reads text, "
                "whose input shape is (1,)"
            )
        return super().build(architecture, input_shape, classes)

    def inherit(
        self,
        child: Architecture,
        network: torch.nn.Module,
        parent: Architecture,
        weights: Mapping[str, torch.Tensor],
    ) -> int:
        """Copy everything except the matrices of nodes whose function or source changed."""
        pairs = enumerate(zip(child.genome["nodes"], parent.genome["nodes"], strict=False))
        kept = {f"matrices.{index}" for index, (node, before) in pairs if node == before}
        return copy_weights(
            network,
            weights,
            lambda name: name if name in kept or not name.startswith("matrices.") else None,
        )

    def _check_genome(self, genome: Any) -> None:
        rules.check_genome(genome, self.config.nodes, self.config.functions)

    def _canonical_genome(self, genome: Any) -> Any:
        return {"nodes": rules.canonical(genome["nodes"])}

    def _draw_genome(self, genome: Any) -> dict[str, Any]:
        nodes = genome["nodes"]
        return draw_nodes(nodes, rules.joined(nodes, self.config.output))

    def _draw_supernet(self) -> dict[str, Any]:
        return draw_supernet(self.config.nodes, self.config.relaxed)

    def _write_genome(self, genome: Any) -> str:
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

        return RecurrentSupernet(self.supernet_config, classes)

    def _moves(self, nodes: list[list[Any]], field: int) -> list[Move]:
        """Return the possible changes of functions (field 0) or of sources (field 1)."""
        moves: list[Move] = []
        for index, pair in enumerate(nodes):
            values: Sequence[Any] = range(index + 1) if field else self.config.functions
            others = [value for value in values if value != pair[field]]
            if others:
                moves.append((index, field, others))
        return moves

    def _changed(self, nodes: list[list[Any]], move: Move, value: Any) -> Architecture:
        index, field, _ = move
        changed = copy.deepcopy(nodes)
        changed[index][field] = value
        return self.architecture(changed)
