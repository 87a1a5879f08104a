"""Results after fewer epochs: columns of a table that hold a quality before a training's end."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.text import shorten
from .column import Column, parse_column

FORM = "write EPOCHS:OBJECTIVE=COLUMN:CONVERSION:UNIT, such as 12:error=val_acc_12:100-x:%"


@dataclass(frozen=True)
class PartialColumn:
    """The column of an objective after some epochs."""

    epochs: int
    column: Column


@dataclass(frozen=True)
class PartialResults:
    """The partial results of a table.

    Attributes:
        columns: Sorted by epochs.
        planned: Epochs of the whole training, whose results the objectives' own columns hold.
        separate: Whether each result is that of a training of its own, with its own learning-rate
            schedule, so that a later one costs all of its epochs.
    """

    columns: tuple[PartialColumn, ...]
    planned: int
    separate: bool

    def at(self, until: int) -> PartialColumn | None:
        """Return the first result after at least so many epochs; None if it is the final one."""
        return next((column for column in self.columns if column.epochs >= until), None)

    def up_to(self, reached: int) -> list[PartialColumn]:
        """Return the results after at most so many epochs."""
        return [column for column in self.columns if column.epochs <= reached]

    def cost(self, reached: int) -> int:
        """Return the epochs that it takes to get the result after `reached` epochs in turn."""
        if not self.separate:
            return reached
        return reached + sum(column.epochs for column in self.columns if column.epochs < reached)


def parse_partial(text: str) -> PartialColumn:
    """Parse a partial result such as "12:error=val_acc_12:100-x:%".

    Raises:
        ValueError: the text has another form; the message names the invalid part.
    """
    epochs, colon, mapping = text.partition(":")
    if not colon or not epochs.strip().isdecimal() or int(epochs) < 1:
        raise ValueError(f"{shorten(text)} is not a partial result: {FORM}")
    return PartialColumn(int(epochs), parse_column(mapping))


def parse_partials(texts: tuple[str, ...]) -> tuple[PartialColumn, ...]:
    """Parse all partial results and sort them by epochs.

    Raises:
        ValueError: a text has another form, they are of several objectives, or an epoch is twice.
    """
    columns = sorted(map(parse_partial, texts), key=lambda partial: partial.epochs)
    if len({partial.column.objective for partial in columns}) > 1:
        raise ValueError("names several objectives: give the results of one")
    if len({partial.epochs for partial in columns}) < len(columns):
        raise ValueError("names the same epochs twice: give each one column")
    return tuple(columns)
