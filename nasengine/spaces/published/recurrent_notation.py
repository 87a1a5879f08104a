"""Published recurrent cells as architectures of space `recurrent-cell`."""

from __future__ import annotations

from ...core.architecture import Architecture
from ..recurrent_cell.config import RecurrentCellConfig
from ..recurrent_cell.space import RecurrentCellSpace

# Size and dropouts with which the DARTS paper compares cells on the Penn treebank. Its two
# dropouts of the embedding, 0.2 and 0.75, together keep as much as this one.
PENN = RecurrentCellConfig(
    hidden=850, word_dropout=0.1, input_dropout=0.8, hidden_dropout=0.25, output_dropout=0.75
)


def published(text: str) -> Architecture:
    """Return an architecture with a state of size 850 from a line such as "relu 0; tanh 1".

    Raises:
        InvalidArchitecture: the line has a transcription error.
    """
    space = RecurrentCellSpace(PENN)
    pairs = [part.split() for part in text.split(";")]
    architecture = space.architecture([[function, int(source)] for function, source in pairs])
    space.validate(architecture)
    return architecture
