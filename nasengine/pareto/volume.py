"""Hypervolume, its growth as points arrive one by one, and the reference point."""

from __future__ import annotations

import moocore
import numpy as np

from .dominance import finite_rows

FIRST_ROWS = 64  # rows reserved for a growing front; doubled when they are full
MARGIN = 0.1  # distance of the reference from the worst value, as a share of that value


def hypervolume(points: np.ndarray, reference: np.ndarray) -> float:
    """Return the volume that n x m points dominate up to the reference (m), lower is better.

    Points that are not below the reference in every objective, or not finite, add nothing.
    """
    points = np.asarray(points, dtype=float)
    reference = np.asarray(reference, dtype=float)
    inside = finite_rows(points)
    inside[inside] = (points[inside] < reference).all(axis=1)
    return float(moocore.hypervolume(points[inside], reference)) if inside.any() else 0.0


def reference_point(points: np.ndarray) -> np.ndarray:
    """Return a reference point (m) a tenth beyond the worst of n x m points, n > 0.

    In an objective whose worst value is 0 the distance is 1.
    """
    worst = np.max(points, axis=0)
    return worst + np.where(worst == 0, 1.0, MARGIN * np.abs(worst))


def growth(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the hypervolume after each of n x m points in order of arrival."""
    front = GrowingFront(reference)
    return np.array([front.add(point)[1] for point in np.asarray(points, dtype=float)])


class GrowingFront:
    """A front that grows by one point at a time and keeps its hypervolume.

    A new point adds the part of its own box that the members do not cover yet. That needs only
    the members, not the points that arrived before.
    """

    def __init__(self, reference: np.ndarray):
        """Create an empty front.

        Args:
            reference: m finite numbers, in the orientation of the points.
        """
        self.reference = np.asarray(reference, dtype=float)
        self.hypervolume = 0.0
        self._arrived = 0
        self._keys: list[int] = []
        self._rows = np.empty((FIRST_ROWS, len(self.reference)))

    @property
    def members(self) -> list[int]:
        """The keys of the front's points, in order of arrival."""
        return list(self._keys)

    @property
    def points(self) -> np.ndarray:
        """A copy of the members' points, k x m, in the order of `members`."""
        return self._rows[: len(self._keys)].copy()

    @property
    def share(self) -> float:
        """The hypervolume as a share of the box between zero and the reference."""
        return self.hypervolume / float(np.prod(np.abs(self.reference)))

    def add(self, point: np.ndarray, key: int | None = None) -> tuple[bool, float]:
        """Add a point (m).

        A point that equals a member joins and adds no volume.

        Args:
            point: the point, lower is better.
            key: its name in `members`; by default its index in the order of arrival.

        Returns:
            Whether the point joined the front, and the hypervolume after it.
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
        """Return the volume of the part of the point's box that no member covers."""
        if not (point < self.reference).all():
            return 0.0
        box = float(np.prod(self.reference - point))
        # Moved into the point's box, the members cover exactly what they share with it.
        covered = hypervolume(np.maximum(rows, point), self.reference)
        return max(box - covered, 0.0)

    def _join(self, point: np.ndarray, key: int, rows: np.ndarray) -> None:
        dominated = (point <= rows).all(axis=1) & (point < rows).any(axis=1)
        if dominated.any():
            kept = np.flatnonzero(~dominated)
            self._rows[: len(kept)] = rows[kept]
            self._keys = [self._keys[i] for i in kept]
        if len(self._keys) == len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        self._rows[len(self._keys)] = point
        self._keys.append(key)


def _dominated(point: np.ndarray, rows: np.ndarray) -> bool:
    return bool(((rows <= point).all(axis=1) & (rows < point).any(axis=1)).any())
