"""Space: the interface of a search space."""

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
    """A set of architectures, given by its settings.

    Every space samples, validates, draws and builds architectures. Optional operations are
    listed in `capabilities`:

    - "mutate", "crossover", "neighbours", "encode", "enumerate": the methods of that name.
    - "decisions": `decisions`, `choices`, `from_choices` and `allowed`.
    - "tokens": `tokens` and `vocabulary`.
    - "growth": `smallest` and `grow`.
    - "inherit": trained weights can be copied from a parent to a child.
    - "supernet": one network shares the weights of all architectures.
    - "relaxed": the supernet mixes all operations by alphas, and `discretise` reads them.
    - "partial": `supernet(K)` mixes one in K channels (PC-DARTS).
    - "parse": `parse` reads what `text` writes.

    A strategy states the capabilities that it `requires`; a search with a mismatch is refused
    before it starts. Random choices use only the generator that is passed in, so a seed decides
    everything. `data_kind` is the kind of data that the networks read. A space whose architectures
    are only lists of decisions sets `builds_networks` to False: `build` then raises an EngineError,
    and estimators that need networks refuse the space.
    """

    name: ClassVar[str]
    Config: ClassVar[type]
    capabilities: ClassVar[frozenset[str]] = frozenset()
    data_kind: ClassVar[DataKind] = "images"
    builds_networks: ClassVar[bool] = True
    # Settings that only a search reads: two spaces that differ in them build the same network
    # from the same genome.
    search_settings: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, config: DataclassInstance):
        self.config = config

    @abstractmethod
    def sample(self, rng: np.random.Generator) -> Architecture:
        """Return a random legal architecture, drawn uniformly over the choices."""

    @abstractmethod
    def validate(self, architecture: Architecture) -> None:
        """Check that an architecture belongs to this space.

        Raises:
            InvalidArchitecture: names the first wrong part, its value, the rule and the remedy.
        """

    @abstractmethod
    def graph(self, architecture: Architecture) -> dict[str, Any]:
        """Return the drawing of an architecture as JSON, see docs/graphs.md.

        {"cells": [{"name": "normal",
                    "nodes": [{"id": "k-1", "label": "k-1", "role": "input|node|output"}],
                    "edges": [{"source": id, "target": id, "op": "sep_conv_3x3",
                               "family": "conv|separable|dilated|group|pool|skip|none|concat",
                               "kernel": 3, "label": "sep 3x3"}]}]}

        A space without networks has no cells, but "decisions": [{"name": name, "option": option}].
        """

    @abstractmethod
    def build(
        self,
        architecture: Architecture,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool = False,
    ) -> torch.nn.Module:
        """Return a network with fresh weights, drawn from torch's global generator.

        Args:
            architecture: Validated first.
            input_shape: Channels x height x width of one image; (1,) for a word of a text.
            classes: Number of classes; for text, the size of the vocabulary.
            auxiliary: Add an auxiliary classifier, which is used in training mode only.

        Returns:
            For images, a module from n x c x h x w to logits n x classes; with `auxiliary` and
            in training mode it returns (logits, auxiliary logits). For text, a module from
            words n x t and a state to logits n x t x classes and the next state. Its attribute
            `drop_path` (float, initially 0) is the drop-path probability in training mode.
        """

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Return a random legal architecture one change away, never the parent."""
        raise TypeError(f"space {self.name} has no mutation")

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Return a legal architecture that takes every choice from one of its two parents."""
        raise TypeError(f"space {self.name} has no crossover")

    def encode(self, architecture: Architecture) -> np.ndarray:
        """Return a float vector of fixed length; different architectures have different ones."""
        raise TypeError(f"space {self.name} has no encoding")

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yield every architecture one change away, each once, in a fixed order."""
        raise TypeError(f"space {self.name} has no neighbours")

    def enumerate(self) -> Iterator[Architecture]:
        """Yield every architecture of the space, each once, in a fixed order."""
        raise TypeError(f"space {self.name} cannot be enumerated")

    def decisions(self) -> tuple[Decision, ...]:
        """Return the fixed sequence of decisions that describes every architecture."""
        raise TypeError(f"space {self.name} has no decisions")

    def choices(self, architecture: Architecture) -> tuple[int, ...]:
        """Return the index of the chosen option for each decision; inverse of `from_choices`."""
        raise TypeError(f"space {self.name} has no decisions")

    def from_choices(self, choices: Sequence[int]) -> Architecture:
        """Return the architecture of a sequence in which every choice is allowed."""
        raise TypeError(f"space {self.name} has no decisions")

    def allowed(self, choices: Sequence[int], index: int) -> tuple[int, ...]:
        """Return the options of decision `index` that agree with the other choices.

        Args:
            choices: Either the choices before `index`, or a whole sequence whose choice at
                `index` is to be changed; the present value at `index` is ignored.
            index: Position of the decision.

        Returns:
            Option indices, at least one.
        """
        return tuple(range(len(self.decisions()[index].options)))

    def tokens(self, architecture: Architecture) -> tuple[int, ...]:
        """Return an architecture as a sequence of tokens for a recurrent predictor.

        Lengths may differ; different architectures have different tokens. The default has one
        token for each option of each decision.
        """
        choices = self.choices(architecture)
        offsets = self._token_offsets()
        return tuple(offset + choice for offset, choice in zip(offsets, choices, strict=False))

    def vocabulary(self) -> int:
        """Return the number of different tokens; they count from 0."""
        return self._token_offsets()[-1]

    def smallest(self) -> Iterator[Architecture]:
        """Yield the architectures from which growth starts, in a fixed order."""
        raise TypeError(f"space {self.name} does not grow")

    def grow(self, architecture: Architecture) -> Iterator[Architecture]:
        """Yield every architecture one layer larger, in a fixed order; none at the limit."""
        raise TypeError(f"space {self.name} does not grow")

    def inherit(
        self,
        child: Architecture,
        network: torch.nn.Module,
        parent: Architecture,
        weights: Mapping[str, torch.Tensor],
    ) -> int:
        """Copy a parent's trained weights into a child's freshly built network.

        Args:
            child: The architecture of `network`.
            network: Changed in place.
            parent: The architecture of `weights`.
            weights: The state_dict of the parent's network.

        Returns:
            The number of the child's parameters (scalars, not tensors) that were copied.
        """
        raise TypeError(f"space {self.name} has no weight inheritance")

    def supernet(self) -> Architecture:
        """Return the supernet of the space as an architecture; its genome is {"shared": true}.

        `validate`, `graph` and `build` accept it. Its network has `architecture_parameters()`,
        whose names begin with "alphas.", and `weight_parameters()`, all others.
        `forward_architecture(x, choices)` runs the operations of one architecture; with the
        capability "relaxed", `forward(x)` mixes all operations by the alphas.
        """
        raise TypeError(f"space {self.name} has no supernet")

    def discretise(self, alphas: Mapping[str, Any]) -> Architecture:
        """Return the architecture with the strongest options of a supernet's alphas.

        Args:
            alphas: Nested lists of numbers by parameter name, without the prefix "alphas.".
        """
        raise TypeError(f"space {self.name} is not relaxed")

    def size(self) -> int | None:
        """Return the number of different genomes, None if it is unknown."""
        return None

    def canonical(self, architecture: Architecture) -> Architecture:
        """Return the representative of all architectures that are the same network.

        Two architectures are the same network if one computes every function of the other with
        the same weights in another order, as with permuted nodes. A space may also leave out
        parts that cannot change the output. The default knows no two equal architectures.

        Args:
            architecture: A valid architecture with all settings of the space.
        """
        return architecture

    def text(self, architecture: Architecture) -> str:
        """Return an architecture as one short line, in the notation of its paper."""
        return architecture.id[:12]

    def parse(self, text: str) -> Architecture:
        """Return the architecture of a text; inverse of `text`.

        Raises:
            InvalidArchitecture: the text has another form.
        """
        raise TypeError(f"space {self.name} does not read texts")

    @classmethod
    def no_network(cls) -> str:
        """Return why no network can be built, for messages of a space that builds none."""
        return (
            f"an architecture of {cls.name} is a list of decisions without a network: search it "
            "with the estimator table, or choose another space"
        )

    def _token_offsets(self) -> tuple[int, ...]:
        """Return the first token of each decision, then the number of all tokens."""
        lengths = (len(decision.options) for decision in self.decisions())
        return tuple(accumulate(lengths, initial=0))
