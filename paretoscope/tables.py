"""Rows of answers as tables, for data frames and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

MAX_SHOWN = 20  # rows and characters of a column that `print` shows
MAX_WIDTH = 24
OF_CANDIDATES = ("number", "state", "origin", "architecture_id", "violation")


class Table(Sequence[dict[str, Any]]):
    """Rows; `to_frame` returns a pandas DataFrame with one column per measured value.

    Args:
        rows: the rows of an answer.
        columns: the columns that a flat row keeps; the first one is the index of a data frame.
    """

    def __init__(self, rows: list[dict[str, Any]], columns: Sequence[str] = OF_CANDIDATES):
        self.rows = rows
        self.columns = list(columns)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    def __repr__(self) -> str:
        return f"<Table of {len(self.rows)} rows: {', '.join(self.columns)}>"

    def __str__(self) -> str:
        """Return the first rows with their values, as aligned columns."""
        shown = self.flat()[:MAX_SHOWN]
        names = list(dict.fromkeys(name for row in shown for name in row))
        lines = [names, *([_short(row.get(name)) for name in names] for row in shown)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        texts = ["  ".join(map(str.rjust, line, widths)) for line in lines if names]
        rest = len(self.rows) - len(shown)
        return "\n".join([*texts, *([f"... {rest} more rows"] if rest else [])]) or repr(self)

    def flat(self) -> list[dict[str, Any]]:
        """Return the rows with each measured value in a column of its name."""
        return [{name: row[name] for name in self.columns} | _values(row) for row in self.rows]

    def to_frame(self) -> pandas.DataFrame:
        """Return a DataFrame whose index is the first column, such as a candidate's number.

        Raises:
            ImportError: pandas is not installed.
        """
        import pandas

        frame = pandas.DataFrame(self.flat())
        frame = frame if len(frame) else pandas.DataFrame(columns=self.columns)
        return frame.set_index(self.columns[0])


def _short(value: Any) -> str:
    if value is None:
        return "-"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= MAX_WIDTH else f"{text[: MAX_WIDTH - 1]}…"


def _values(row: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a candidate, or the measurements of a training."""
    values = {name: measured["value"] for name, measured in row.get("values", {}).items()}
    return values | {
        measurement["objective"]: measurement["value"]
        for measurement in row.get("measurements", [])
    }
