"""Base class of spaces in which an architecture is one option for each of a list of decisions."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate, groupby
from typing import Any

import numpy as np

from ...core.architecture import Architecture, canonical_json
from ...core.decision import Decision
from ...core.errors import EngineError, InvalidArchitecture
from ...core.settings import to_mapping
from ...core.space import Space
from ...core.text import shorten
from .membership import check_membership
from .operations import node

# Raised by `from_genome` of a subclass if it meets a genome of another form.
WRONG_FORM = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


class DecisionSpace(Space):
    """A space that follows from its `decisions`; a subclass adds only `build`.

    By default a genome is a JSON object from the name of each decision to the chosen option.
    Override `to_genome` and `from_genome` together for another form, and `allowed` if some
    options exclude each other. Methods that follow from the decisions:

    - `sample` draws each choice uniformly, in order.
    - `mutate` draws one of the neighbours uniformly.
    - `crossover` takes each choice from either parent with probability 1/2.
    - `neighbours` changes one choice, by decision, then by option.
    - `enumerate` counts up the choices, the last one fastest; add the capability "enumerate"
      if the default settings give few enough architectures.
    - `encode` is one-hot for each decision.
    - `validate`, `graph`, `text`, `choices`, `from_choices`, `tokens` and `size`.
    """

    capabilities = frozenset({"mutate", "crossover", "neighbours", "encode", "decisions", "tokens"})

    @abstractmethod
    def decisions(self) -> tuple[Decision, ...]:
        """Return the decisions; they depend only on the settings."""

    def to_genome(self, choices: Sequence[int]) -> Any:
        """Return the genome (any JSON value) of one option index for each decision."""
        pairs = zip(self._decisions, choices, strict=True)
        return {decision.name: decision.options[choice] for decision, choice in pairs}

    def from_genome(self, genome: Any) -> Sequence[int]:
        """Return the option indices of a genome; inverse of `to_genome`.

        It may meet any JSON value. An exception such as KeyError or ValueError means that the
        genome has the wrong form; raise InvalidArchitecture for a message of your own.
        """
        if set(genome) != {decision.name for decision in self._decisions}:
            raise ValueError("other names than those of the decisions")
        return [decision.options.index(genome[decision.name]) for decision in self._decisions]

    def sample(self, rng: np.random.Generator) -> Architecture:
        choices: list[int] = []
        for index in range(len(self._decisions)):
            options = self.allowed(choices, index)
            choices.append(options[rng.integers(len(options))])
        return self.from_choices(choices)

    def validate(self, architecture: Architecture) -> None:
        check_membership(self, architecture)
        self._check_genome(architecture.genome)

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Return one of the neighbours, each with the same probability."""
        neighbours = list(self._neighbours(self.choices(architecture)))
        if not neighbours:
            raise EngineError(
                f"space {self.name} has only this architecture: give a decision more options"
            )
        return self.from_choices(neighbours[rng.integers(len(neighbours))])

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Take each choice from either parent with probability 1/2.

        A choice that the earlier ones do not allow is replaced by the other parent's, or, if
        that is not allowed either, by the first allowed option.
        """
        choices: list[int] = []
        for index, pair in enumerate(zip(self.choices(first), self.choices(second), strict=True)):
            parent = int(rng.integers(2))
            options = self.allowed(choices, index)
            preferred = (pair[parent], pair[1 - parent], options[0])
            choices.append(next(choice for choice in preferred if choice in options))
        return self.from_choices(choices)

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        for choices in self._neighbours(self.choices(architecture)):
            yield self.from_choices(choices)

    def enumerate(self) -> Iterator[Architecture]:
        """Yield all architectures; the choice of the last decision changes fastest."""
        for choices in self._completions(()):
            yield self.from_choices(choices)

    def encode(self, architecture: Architecture) -> np.ndarray:
        """Return the one-hot vectors of all decisions, one after the other."""
        starts = list(accumulate((len(d.options) for d in self._decisions), initial=0))
        code = np.zeros(starts.pop())
        code[np.add(starts, self.choices(architecture))] = 1
        return code

    def choices(self, architecture: Architecture) -> tuple[int, ...]:
        return tuple(self.from_genome(architecture.genome))

    def from_choices(self, choices: Sequence[int]) -> Architecture:
        return Architecture(self.name, dict(self._mapping), self.to_genome(choices))

    def allowed(self, choices: Sequence[int], index: int) -> tuple[int, ...]:
        return tuple(range(len(self._decisions[index].options)))

    def size(self) -> int | None:
        """Return the product of the numbers of options, None if `allowed` is overridden."""
        if type(self).allowed is not DecisionSpace.allowed:
            return None
        return math.prod(len(decision.options) for decision in self._decisions)

    def graph(self, architecture: Architecture) -> dict[str, Any]:
        """Draw a chain with one edge for each block of decisions, labelled with its options."""
        pairs = zip(self._decisions, self.choices(architecture), strict=True)
        blocks = [
            ", ".join(f"{decision.name} {decision.options[choice]}" for decision, choice in block)
            for _, block in groupby(pairs, key=lambda pair: pair[0].block)
        ]
        edges = [{"op": text, "family": "conv", "kernel": None, "label": text} for text in blocks]
        return chain_graph(edges)

    def text(self, architecture: Architecture) -> str:
        pairs = zip(self._decisions, self.choices(architecture), strict=True)
        return ", ".join(
            f"{decision.name} {decision.options[choice]}" for decision, choice in pairs
        )

    @cached_property
    def _mapping(self) -> dict[str, Any]:
        return to_mapping(self.config)

    @cached_property
    def _decisions(self) -> tuple[Decision, ...]:
        return tuple(self.decisions())

    def _check_genome(self, genome: Any) -> None:
        """Check that a genome is what `to_genome` gives for allowed choices."""
        try:
            choices = tuple(self.from_genome(genome))
            lengths = [len(decision.options) for decision in self._decisions]
            fits = all(
                type(choice) is int and 0 <= choice < length
                for choice, length in zip(choices, lengths, strict=True)
            )
            # Compared as text, because Python takes 1, 1.0 and True for equal.
            fits = fits and canonical_json(self.to_genome(choices)) == canonical_json(genome)
        except InvalidArchitecture:
            raise
        except WRONG_FORM as error:
            raise InvalidArchitecture(self._form_message(genome)) from error
        if not fits:
            raise InvalidArchitecture(self._form_message(genome))
        for index, (decision, choice) in enumerate(zip(self._decisions, choices, strict=True)):
            options = self.allowed(choices, index)
            if choice not in options:
                names = ", ".join(decision.options[option] for option in options)
                raise InvalidArchitecture(
                    f"{decision.name} is {decision.options[choice]}: with the other choices it "
                    f"must be one of {names}"
                )

    def _form_message(self, genome: Any) -> str:
        example = self.to_genome(next(self._completions(())))
        return f"the genome is {shorten(genome)}: it must look like {shorten(example, 200)}"

    def _neighbours(self, choices: Sequence[int]) -> Iterator[tuple[int, ...]]:
        for index, present in enumerate(choices):
            for option in self.allowed(choices, index):
                if option != present:
                    yield (*choices[:index], option, *choices[index + 1 :])

    def _completions(self, choices: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        """Yield every full sequence that begins with `choices`."""
        if len(choices) == len(self._decisions):
            yield choices
            return
        for option in self.allowed(choices, len(choices)):
            yield from self._completions((*choices, option))


def chain_graph(edges: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the drawing of a chain of layers between an input x and an output y.

    Args:
        edges: Op, family, kernel and label of the edge into each layer.
    """
    names = [str(number) for number in range(1, len(edges) + 1)]
    nodes = [node("x", "input"), *(node(name, "node") for name in names), node("y", "output")]
    head = {"op": "skip_connect", "family": "skip", "kernel": None, "label": "head"}
    ends = zip(["x", *names], [*names, "y"], [*edges, head], strict=True)
    drawn = [{"source": source, "target": target, **edge} for source, target, edge in ends]
    return {"cells": [{"name": "chain", "nodes": nodes, "edges": drawn}]}
