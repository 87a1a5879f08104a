"""One column of a table as an objective: its name, conversion, unit and direction."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...core.objective import Direction, Goal, split_name

FORM = (
    "write OBJECTIVE=COLUMN:CONVERSION:UNIT:DIRECTION, of which the last three may be left out, "
    "as in error=val_acc:100-x:% or throughput@a100=tp_a100:x:images/s:higher"
)
NAME = re.compile(r"[a-z_]+(?:@[\w.-]+)?", re.ASCII)
NUMBER = r"\d+(?:\.\d*)?(?:e[+-]?\d+)?"
# x, 100-x, x*1e6, x/1000: a number less the cell, or the cell times or by a number.
CONVERSION = re.compile(rf"x|({NUMBER})-x|x([*/])({NUMBER})", re.ASCII | re.IGNORECASE)
MAX_UNIT_LENGTH = 20
DIGITS = 12


@dataclass(frozen=True)
class Column:
    """How the cells of one column become values of one objective.

    A value is `offset` + `factor` x cell.
    """

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
        """The objective's value; the digits that floating point adds are rounded away."""
        return float(f"{self.offset + self.factor * cell:.{DIGITS}g}")


def parse_column(text: str) -> Column:
    """A Column from text.

    Raises:
        ValueError: the text has another form; says which part and what is right.
    """
    name, equals, rest = (part.strip() for part in text.partition("="))
    column, conversion, unit, better, *more = (p.strip() for p in (rest + ":::").split(":"))
    if not equals or not column or any(more):
        raise ValueError(f"{text[:60]!r} is no column: {FORM}")
    if not NAME.fullmatch(name):
        raise ValueError(f"{name[:60]!r} is no objective's name such as error or latency@cpu")
    match = CONVERSION.fullmatch(conversion.replace(" ", "") or "x")
    if not match or (match[2] == "/" and float(match[3]) == 0):
        raise ValueError(
            f"{conversion[:40]!r} is no conversion: write x, 100-x, x*1000 or x/1000, "
            "with any number but x/0"
        )
    if len(unit) > MAX_UNIT_LENGTH or not unit.isprintable():
        raise ValueError(f"{unit[:60]!r} is no unit: at most {MAX_UNIT_LENGTH} plain characters")
    if better not in ("", "lower", "higher"):
        raise ValueError(f"{better[:40]!r} is no direction: write lower or higher")
    direction: Direction = "higher" if better == "higher" else "lower"
    return Column(name, column, *_line(match), unit, direction)


def _line(match: re.Match[str]) -> tuple[float, float]:
    """Offset and factor of a conversion."""
    if match[1]:
        return float(match[1]), -1.0
    if match[2]:
        number = float(match[3])
        return 0.0, number if match[2] == "*" else 1 / number
    return 0.0, 1.0
