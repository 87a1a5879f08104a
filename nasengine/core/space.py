"""Space: the interface of what may be built."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .architecture import Architecture
from .dataset import DataKind
from .decision import Decision

if TYPE_CHECKING:
    import torch
    from _typeshed import DataclassInstance


class Space(ABC):
    """A parameterised set of architectures.

    `offers` names the optional operations a concrete space has beyond `sample`,
    `validate`, `graph` and `build`: "mutate", "crossover", "encode", "neighbours",
    "enumerate", "decisions", "tokens", "growth", "inherit", "supernet" (architectures can be
    run in one shared network), "relaxed" (that network mixes all of them, and what its
    parameters stand for is `discretise`), "partial" (`shared(K)` mixes one in K channels). A
    strategy states what it needs; a mismatch is refused when the search is created. Every random
    choice comes from the Generator that is passed in. `reads` says what its networks are fed with.
    """

    name: ClassVar[str]
    Config: ClassVar[type]
    capabilities: ClassVar[frozenset[str]] = frozenset()
    data_kind: ClassVar[DataKind] = "images"

    def __init__(self, config: DataclassInstance):
        self.config = config

    @abstractmethod
    def sample(self, rng: np.random.Generator) -> Architecture:
        """A legal architecture, drawn uniformly over the choices."""

    @abstractmethod
    def validate(self, architecture: Architecture) -> None:
        """Raises InvalidArchitecture with the offending part, the rule and the remedy."""

    @abstractmethod
    def graph(self, architecture: Architecture) -> dict[str, Any]:
        """The drawing of an architecture as JSON, see docs/graphs.md.

        {"cells": [{"name": "normal",
                    "nodes": [{"id": "k-1", "label": "k-1", "role": "input|node|output"}],
                    "edges": [{"source": id, "target": id, "op": "sep_conv_3x3",
                               "family": "conv|separable|dilated|group|pool|skip|none|concat",
                               "kernel": 3, "label": "sep 3x3"}]}]}
        """

    @abstractmethod
    def build(
        self,
        architecture: Architecture,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool = False,
    ) -> torch.nn.Module:
        """A network with freshly initialised weights (torch's global generator).

        `input_shape` is channels x height x width. The module maps n x c x h x w to logits
        n x classes; with `auxiliary` and in training mode it returns a pair (logits,
        auxiliary logits). Its attribute `drop_path` (float, 0 at first) is the probability
        with which a path is dropped in training mode.

        Where the space reads text, `input_shape` is that of one word, `classes` the vocabulary,
        and the module maps n x t words and a state to logits n x t x classes and the next state.
        """

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """A legal architecture one change away; never the parent itself."""
        raise TypeError(f"space {self.name} has no mutation")

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """A legal architecture whose every choice comes from one of the two."""
        raise TypeError(f"space {self.name} has no crossover")

    def encode(self, architecture: Architecture) -> np.ndarray:
        """A float vector of fixed length d; different architectures differ in it."""
        raise TypeError(f"space {self.name} has no encoding")

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        """Every architecture one change away, each once, in a fixed order."""
        raise TypeError(f"space {self.name} has no neighbours")

    def enumerate(self) -> Iterator[Architecture]:
        """Every architecture of the space, each once, in a fixed order."""
        raise TypeError(f"space {self.name} cannot be enumerated")

    def decisions(self) -> tuple[Decision, ...]:
        """The fixed sequence of choices that every architecture is written as."""
        raise TypeError(f"space {self.name} has no decisions")

    def choices(self, architecture: Architecture) -> tuple[int, ...]:
        """An architecture as one option index a decision; `chosen` undoes it exactly."""
        raise TypeError(f"space {self.name} has no decisions")

    def from_choices(self, choices: Sequence[int]) -> Architecture:
        """The architecture of a sequence in which every choice was allowed."""
        raise TypeError(f"space {self.name} has no decisions")

    def allowed(self, choices: Sequence[int], place: int) -> tuple[int, ...]:
        """The options of decision `place`, never none, that agree with the other choices.

        `choices` are those before `place`, or a whole sequence in which it shall change;
        what stands at `place` itself does not matter.
        """
        return tuple(range(len(self.decisions()[place].options)))

    def tokens(self, architecture: Architecture) -> tuple[int, ...]:
        """An architecture as words of a vocabulary, one after the other; what a network reads.

        Lengths may differ, different architectures have different tokens. Here: one word for
        each option of each decision.
        """
        starts, choices = self._word_starts(), self.choices(architecture)
        return tuple(start + one for start, one in zip(starts, choices, strict=False))

    def vocabulary(self) -> int:
        """How many different words `tokens` uses; they count from 0."""
        return self._word_starts()[-1]

    def smallest(self) -> Iterator[Architecture]:
        """The architectures growth begins with, in a fixed order."""
        raise TypeError(f"space {self.name} does not grow")

    def grow(self, architecture: Architecture) -> Iterator[Architecture]:
        """Every architecture one layer larger, in a fixed order; none at the limit."""
        raise TypeError(f"space {self.name} does not grow")

    def inherit(
        self,
        child: Architecture,
        network: torch.nn.Module,
        parent: Architecture,
        weights: Mapping[str, torch.Tensor],
    ) -> int:
        """Copies into a child's freshly built network what its parent's weights can give.

        `weights` is the state_dict of the parent's trained network. Returns how many of the
        child's parameters (scalars, not tensors) were taken over.
        """
        raise TypeError(f"space {self.name} passes on no weights")

    def supernet(self) -> Architecture:
        """The shared network of the space as an architecture; its genome is {"shared": true}.

        `validate`, `graph` and `build` take it. The network built of it has
        `architecture_parameters()` and `weight_parameters()`, together all its parameters; the
        names of the first begin with "alphas.". `forward_architecture(x, choices)` runs the
        operations of one architecture; with "relaxed", `forward(x)` mixes all by the alphas.
        """
        raise TypeError(f"space {self.name} shares no weights")

    def discretise(self, alphas: Mapping[str, Any]) -> Architecture:
        """The architecture that a shared network's architecture parameters stand for.

        `alphas` holds each of them as nested lists, by its name without "alphas.".
        """
        raise TypeError(f"space {self.name} is not relaxed")

    def size(self) -> int | None:
        """Number of different descriptions, None where unknown."""
        return None

    def text(self, architecture: Architecture) -> str:
        """A short one-line text of an architecture, as people of the field write it."""
        return architecture.id[:12]

    def _word_starts(self) -> tuple[int, ...]:
        """The first word of each decision, and how many words there are in all."""
        lengths = (len(decision.options) for decision in self.decisions())
        return tuple(accumulate(lengths, initial=0))
