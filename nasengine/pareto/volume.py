"""Hypervolume, and its growth as points arrive one by one."""

from __future__ import annotations

import moocore
import numpy as np

from .dominance import finite_rows

SPARE = 64


def hypervolume(points: np.ndarray, reference: np.ndarray) -> float:
    """Volume dominated by n x m points up to the reference (m), lower is better.

    Points that do not lie below the reference everywhere, or are not finite, add nothing.
    """
    points = np.asarray(points, dtype=float)
    reference = np.asarray(reference, dtype=float)
    inside = finite_rows(points)
    inside[inside] = (points[inside] < reference).all(axis=1)
    return float(moocore.hypervolume(points[inside], reference)) if inside.any() else 0.0


def growth(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """n x m points in order of arrival -> n: the hypervolume after each."""
    front = GrowingFront(reference)
    return np.array([front.add(point)[1] for point in np.asarray(points, dtype=float)])


class GrowingFront:
    """A front that grows by one point at a time and knows its hypervolume.

    A new point adds its own box less what the members already cover of it; that costs a
    look at the members alone, not at everything that came before.
    """

    def __init__(self, reference: np.ndarray):
        """`reference`: m finite numbers, in the orientation of the points."""
        self.reference = np.asarray(reference, dtype=float)
        self.hypervolume = 0.0
        self._arrived = 0
        self._keys: list[int] = []
        self._rows = np.empty((SPARE, len(self.reference)))

    @property
    def members(self) -> list[int]:
        """The keys of the front's points, in order of arrival."""
        return list(self._keys)

    @property
    def points(self) -> np.ndarray:
        """k x m, a copy of the members' points in the order of `members`."""
        return self._rows[: len(self._keys)].copy()

    def add(self, point: np.ndarray, key: int | None = None) -> tuple[bool, float]:
        """Whether the point joined the front, and the hypervolume after it.

        `key` names it in `members`; without one it is its place in the order of arrival.
        An equal of a member joins; it adds no volume.
        """
        point = np.asarray(point, dtype=float)
        key = self._arrived if key is None else key
        self._arrived += 1
        rows = self._rows[: len(self._keys)]
        if not np.isfinite(point).all() or _dominated(point, rows):
            return False, self.hypervolume
        self.hypervolume += self._gain(point, rows)
        self._join(point, key, rows)
        return True, self.hypervolume

    def _gain(self, point: np.ndarray, rows: np.ndarray) -> float:
        """The part of the point's box that no member covers."""
        if not (point < self.reference).all():
            return 0.0
        box = float(np.prod(self.reference - point))
        covered = hypervolume(np.maximum(rows, point), self.reference)
        return max(box - covered, 0.0)

    def _join(self, point: np.ndarray, key: int, rows: np.ndarray) -> None:
        beaten = (point <= rows).all(axis=1) & (point < rows).any(axis=1)
        if beaten.any():
            kept = np.flatnonzero(~beaten)
            self._rows[: len(kept)] = rows[kept]
            self._keys = [self._keys[i] for i in kept]
        if len(self._keys) == len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        self._rows[len(self._keys)] = point
        self._keys.append(key)


def _dominated(point: np.ndarray, rows: np.ndarray) -> bool:
    return bool(((rows <= point).all(axis=1) & (rows < point).any(axis=1)).any())
