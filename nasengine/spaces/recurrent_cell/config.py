"""Settings of space `recurrent-cell`."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.errors import InvalidSettings
from ...core.settings import setting

FUNCTIONS = ("tanh", "relu", "sigmoid", "identity")


@dataclass(frozen=True)
class RecurrentCellConfig:
    """Settings of space `recurrent-cell`; all dropouts are variational (1512.05287).

    Raises:
        InvalidSettings: functions repeat, or there are fewer than two.
    """

    functions: tuple[str, ...] = setting(
        FUNCTIONS, "Activation functions of a node.", choices=FUNCTIONS
    )
    nodes: int = setting(8, "Nodes after node 0; each reads one earlier node.", low=1, high=12)
    hidden: int = setting(
        64, "Size of the hidden state and of the word embedding.", low=2, high=8192
    )
    supernet_hidden: int | None = setting(
        None,
        "Size of the hidden state of the supernet, if it differs from the networks'. Default: the "
        "same.",
        low=2,
        high=8192,
        omit_default=True,
    )
    word_dropout: float = setting(
        0.0,
        "Dropout of whole words: fraction of the vocabulary that is dropped.",
        low=0.0,
        high=0.95,
    )
    supernet_word_dropout: float | None = setting(
        None,
        "Dropout of whole words in the supernet. Default: the same.",
        low=0.0,
        high=0.95,
        omit_default=True,
    )
    embedding_dropout: float = setting(
        0.0,
        "Dropout of the embedding before input_dropout, as in DARTS' code.",
        low=0.0,
        high=0.95,
        omit_default=True,
    )
    input_dropout: float = setting(
        0.1, "Dropout of the embedding, with one mask for each sequence.", low=0.0, high=0.95
    )
    hidden_dropout: float = setting(
        0.0,
        "Dropout of the state before each matrix, with one mask for each sequence.",
        low=0.0,
        high=0.95,
    )
    output_dropout: float = setting(
        0.1,
        "Dropout of the output before the decoder, with one mask for each sequence.",
        low=0.0,
        high=0.95,
    )
    output: str = setting(
        "all",
        "Nodes whose mean is the next state. all: every node after node 0, as in DARTS; leaves: "
        "those that no node reads, as in ENAS.",
        choices=("all", "leaves"),
        omit_default=True,
    )
    pair_matrices: bool = setting(
        False,
        "Supernet: one matrix for each pair of nodes, as in ENAS, instead of one for each node.",
    )

    def __post_init__(self) -> None:
        if len(set(self.functions)) != len(self.functions) or len(self.functions) < 2:
            raise InvalidSettings(
                {
                    "functions": "must be at least two different functions "
                    f"(got {', '.join(self.functions) or 'none'})"
                }
            )

    @property
    def sizes_of_supernet(self) -> dict[str, float]:
        """The hidden size and the dropout of words of the supernet."""
        words = self.supernet_word_dropout
        return {
            "hidden": self.supernet_hidden or self.hidden,
            "word_dropout": self.word_dropout if words is None else words,
        }

    @property
    def relaxed(self) -> tuple[str, ...]:
        """The options of an edge of the supernet, in the order of its alphas."""
        return ("none", *self.functions)
