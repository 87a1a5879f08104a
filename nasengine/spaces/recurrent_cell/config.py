"""The settings of space `recurrent-cell`."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.errors import InvalidSettings
from ...core.settings import setting

FUNCTIONS = ("tanh", "relu", "sigmoid", "identity")


@dataclass(frozen=True)
class RecurrentCellConfig:
    """Settings of space `recurrent-cell`; dropouts are variational (1512.05287).

    Raises:
        InvalidSettings: functions repeat, or there are fewer than two.
    """

    functions: tuple[str, ...] = setting(
        FUNCTIONS, "Functions a node may apply to what it reads.", choices=FUNCTIONS
    )
    nodes: int = setting(8, "Nodes behind the first, each reading one before it.", low=1, high=12)
    hidden: int = setting(
        64, "Numbers in the hidden state, and in the embedding of a word.", low=2, high=8192
    )
    word_dropout: float = setting(
        0.0, "Share of the vocabulary whose embeddings are dropped.", low=0.0, high=0.95
    )
    input_dropout: float = setting(
        0.1, "Share of the embedding dropped, the same all along a sequence.", low=0.0, high=0.95
    )
    hidden_dropout: float = setting(
        0.0, "Share of the state dropped where a matrix reads it.", low=0.0, high=0.95
    )
    output_dropout: float = setting(
        0.1, "Share of the output dropped before words are told apart.", low=0.0, high=0.95
    )
    pair_matrices: bool = setting(
        False,
        "Shared network: a matrix for each pair of nodes, as in ENAS, instead of one a node.",
    )

    def __post_init__(self) -> None:
        if len(set(self.functions)) != len(self.functions) or len(self.functions) < 2:
            raise InvalidSettings(
                {
                    "functions": f"{', '.join(self.functions) or 'nothing'} is no choice: "
                    "name at least two different functions"
                }
            )

    @property
    def relaxed(self) -> tuple[str, ...]:
        """What an edge of the shared network mixes, in the order of its parameters."""
        return ("none", *self.functions)
