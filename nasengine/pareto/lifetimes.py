"""When each candidate joined the front of a run and when it left it, for a replay of the run."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

FIRST_ROWS = 64  # rows reserved for the members; doubled when they are full


@dataclass(frozen=True)
class Lifetime:
    """A row that was on the front.

    Attributes:
        row: position of the candidate in the order of arrival.
        joined: number of candidates that had arrived when it joined, itself included.
        left: number of candidates that had arrived when it left; None if it is still on the front.
    """

    row: int
    joined: int
    left: int | None


def lifetimes(points: np.ndarray, violations: np.ndarray) -> list[Lifetime]:
    """Return every stay on the front, in order of joining.

    After k arrivals the front has the rows with `joined` <= k and k < `left`; it equals
    `RunFront.front` after k candidates.

    Args:
        points: n x m, lower is better; a row with NaN is not eligible.
        violations: n violations of the constraints, 0 if all are met; an infinite one is never
            on the front.
    """
    eligible = np.isfinite(points).all(axis=1)
    members = _Members(points.shape[1])
    least: tuple[float, dict[int, int]] = (math.inf, {})  # violation, row -> when it joined
    ended: list[Lifetime] = []
    for row in np.flatnonzero(eligible).tolist():
        now = row + 1
        if violations[row] == 0:
            if not members.joined:  # the first feasible one replaces those that violate least
                ended += [Lifetime(other, joined, now) for other, joined in least[1].items()]
                least = (0.0, {})
            ended += members.add(row, points[row])
        elif not members.joined and math.isfinite(violations[row]):
            excess = float(violations[row])
            if excess < least[0]:
                ended += [Lifetime(other, joined, now) for other, joined in least[1].items()]
                least = (excess, {row: now})
            elif excess == least[0]:
                least[1][row] = now
    stays = [Lifetime(row, joined, None) for row, joined in least[1].items()]
    stays += [Lifetime(row, joined, None) for row, joined in members.joined.items()]
    return sorted(ended + stays, key=lambda stay: (stay.joined, stay.row))


class _Members:
    """The feasible rows on the front."""

    def __init__(self, objectives: int):
        self.joined: dict[int, int] = {}
        self._rows: list[int] = []
        self._points = np.empty((FIRST_ROWS, objectives))

    def add(self, row: int, point: np.ndarray) -> list[Lifetime]:
        """Add a row unless a member dominates it; return the stays that it ends."""
        points: np.ndarray = self._points[: len(self._rows)]
        not_worse = (points <= point).all(axis=1)
        if (not_worse & (points < point).any(axis=1)).any():
            return []
        beaten = np.flatnonzero((points >= point).all(axis=1) & (points > point).any(axis=1))
        gone = [self._rows[i] for i in beaten.tolist()]
        if gone:
            kept = np.delete(points, beaten, axis=0)
            self._points[: len(kept)] = kept
            self._rows = np.delete(self._rows, beaten).tolist()
        if len(self._rows) == len(self._points):
            self._points = np.concatenate([self._points, np.empty_like(self._points)])
        self._points[len(self._rows)] = point
        self._rows.append(row)
        ended = [Lifetime(other, self.joined.pop(other), row + 1) for other in gone]
        self.joined[row] = row + 1
        return ended
