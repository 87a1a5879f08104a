"""The mapping of a table's column to an objective: name, conversion, unit and direction."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...core.objective import Direction, Goal, split_name
from ...core.text import shorten
from .csv_rows import plain_name

FORM = (
    "write OBJECTIVE=COLUMN:CONVERSION:UNIT:DIRECTION, the last three are optional, "
    "such as error=val_acc:100-x:% or throughput@a100=tp_a100:x:images/s:higher"
)
NAME = re.compile(r"[a-z_]+(?:@[\w.-]+)?", re.ASCII)
NUMBER = r"\d+(?:\.\d*)?(?:e[+-]?\d+)?"
# x, 100-x, x*1e6, x/1000: a number minus the cell, or the cell times or divided by a number.
CONVERSION = re.compile(rf"x|({NUMBER})-x|x([*/])({NUMBER})", re.ASCII | re.IGNORECASE)
MAX_UNIT_LENGTH = 20
SIGNIFICANT_DIGITS = 12


@dataclass(frozen=True)
class Column:
    """The conversion of a column's cells to values of an objective: offset + factor * cell."""

    objective: str
    column: str
    offset: float = 0.0
    factor: float = 1.0
    unit: str = ""
    better: Direction = "lower"

    @property
    def goal(self) -> Goal:
        kind, device = split_name(self.objective)
        return Goal(self.objective, kind, device, self.better, self.unit)

    def value(self, cell: float) -> float:
        """Convert a cell; 12 significant digits remove rounding errors such as 100 - 90.1."""
        return float(f"{self.offset + self.factor * cell:.{SIGNIFICANT_DIGITS}g}")


def parse_column(text: str) -> Column:
    """Parse a column mapping such as "error=val_acc:100-x:%".

    Raises:
        ValueError: the text has another form; the message names the invalid part.
    """
    name, equals, rest = (part.strip() for part in text.partition("="))
    column, conversion, unit, better, *more = (p.strip() for p in (rest + ":::").split(":"))
    if not equals or not column or any(more):
        raise ValueError(f"{shorten(text)} is not a column mapping: {FORM}")
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{shorten(name)} is not an objective: write a name such as error or latency@cpu"
        )
    match = CONVERSION.fullmatch(conversion.replace(" ", "") or "x")
    if not match or (match[2] == "/" and float(match[3]) == 0):
        raise ValueError(
            f"{shorten(conversion, 40)} is not a conversion: write x, 100-x, x*1000 or x/1000, "
            "with any number except x/0"
        )
    if len(unit) > MAX_UNIT_LENGTH or not unit.isprintable():
        raise ValueError(
            f"{shorten(unit)} is not a unit: write at most {MAX_UNIT_LENGTH} printable characters"
        )
    if better not in ("", "lower", "higher"):
        raise ValueError(f"{shorten(better, 40)} is not a direction: write lower or higher")
    direction: Direction = "higher" if better == "higher" else "lower"
    return Column(name, plain_name(column), *_line(match), unit, direction)


def _line(match: re.Match[str]) -> tuple[float, float]:
    """Return offset and factor of a conversion."""
    if match[1]:
        return float(match[1]), -1.0
    if match[2]:
        number = float(match[3])
        return 0.0, number if match[2] == "*" else 1 / number
    return 0.0, 1.0
