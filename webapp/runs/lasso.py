"""A region that was drawn around points of the Pareto plot, as a filter of the candidate table.

The address has it as "X|Y|SCALES|x,y;x,y;...": the objectives of the two axes, a letter for each
axis (`n` linear, `l` log), and the corners. The page and this module read the same corners, so
the plot marks what the table shows; candidates that are measured later join it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .columns import measured_values
from .models import Run

MAX_CORNERS = 60
MAX_TEXT = 3000
WRONG = 'The lasso of this address cannot be read. Draw it again in the plot, or choose "Clear".'


@dataclass(frozen=True)
class Lasso:
    """A polygon over two objectives. `corners` are k x 2, in the scale of the axes."""

    text: str
    x: str
    y: str
    log_x: bool
    log_y: bool
    corners: tuple[tuple[float, float], ...]

    @classmethod
    def read(cls, text: str) -> Lasso:
        """Return the lasso of an address.

        Raises:
            ValueError: it cannot be read; the text is for people.
        """
        parts = text.split("|")
        if len(text) > MAX_TEXT or len(parts) != 4 or parts[2] not in ("nn", "nl", "ln", "ll"):
            raise ValueError(WRONG)
        x, y, scales, drawn = parts
        corners = [tuple(_numbers(corner)) for corner in drawn.split(";")]
        if not 3 <= len(corners) <= MAX_CORNERS or any(len(corner) != 2 for corner in corners):
            raise ValueError(WRONG)
        return cls(text, x, y, scales[0] == "l", scales[1] == "l", tuple(corners))  # type: ignore[arg-type]

    def numbers_of(self, run: Run) -> list[int]:
        """Return the numbers of the run's candidates in the region."""
        numbers, values = measured_values(run, [self.x, self.y])
        found: list[int] = numbers[self.contains(values[0], values[1])].tolist()
        return found

    def contains(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return for each point whether the region contains it (even-odd rule)."""
        x, y = _scaled(x, self.log_x), _scaled(y, self.log_y)
        corners = np.array(self.corners)
        corners = np.column_stack(
            [_scaled(corners[:, 0], self.log_x), _scaled(corners[:, 1], self.log_y)]
        )
        inside = np.zeros(len(x), dtype=bool)
        for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            crosses = (y0 > y) != (y1 > y)
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                inside ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
        return inside & np.isfinite(x) & np.isfinite(y)


def _numbers(corner: str) -> list[float]:
    try:
        values = [float(part) for part in corner.split(",")]
    except ValueError:
        raise ValueError(WRONG) from None
    if not all(math.isfinite(value) for value in values):
        raise ValueError(WRONG)
    return values


def _scaled(values: np.ndarray, log: bool) -> np.ndarray:
    if not log:
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log10(values)
