"""Hypervolume, its growth as points arrive one by one, and the reference point."""

from __future__ import annotations

import numpy as np

from .dominance import finite_rows
from .scaling import MAX, exponents, scaled, unscaled

FIRST_ROWS = 64  # rows reserved for a growing front; doubled when they are full
MAX_PREFIXES = 256
MARGIN = 0.1  # distance of the reference from the worst value, as a share of that value


def hypervolume(points: np.ndarray, reference: np.ndarray) -> float:
    """Return the volume that n x m points dominate up to the reference (m), lower is better.

    Points that are not below the reference in every objective, or not finite, add nothing. The
    volume of finite points is finite: one beyond the largest double is given as that double.
    """
    points = np.asarray(points, dtype=float)
    reference = np.asarray(reference, dtype=float)
    powers = exponents(reference)
    inside = points[finite_rows(points)]
    volume = _hypervolume(scaled(inside, powers), scaled(reference, powers))
    return unscaled(volume, int(powers.sum()))


def _hypervolume(points: np.ndarray, reference: np.ndarray) -> float:
    """Return the hypervolume of finite, scaled points."""
    import moocore  # 3 MB that an idle process does not need

    inside = points[(points < reference).all(axis=1)]
    return float(moocore.hypervolume(inside, reference)) if len(inside) else 0.0


def gain(point: np.ndarray, points: np.ndarray, reference: np.ndarray) -> float:
    """Return the hypervolume that a point (m) adds to n x m points; all finite, lower is better."""
    if not (point < reference).all() or (points <= point).all(axis=1).any():
        return 0.0
    # Moved into the point's box, the others cover exactly what they share with it.
    covered = _hypervolume(np.maximum(points, point), reference)
    return max(float(np.prod(reference - point)) - covered, 0.0)


def reference_point(points: np.ndarray) -> np.ndarray:
    """Return a reference point (m) a tenth beyond the worst of n x m points, n > 0.

    In an objective whose worst value is 0 the distance is 1. The reference is finite: a tenth
    beyond the largest double is the largest double.
    """
    worst = np.max(points, axis=0)
    with np.errstate(over="ignore", under="ignore"):
        beyond = worst + np.where(worst == 0, 1.0, MARGIN * np.abs(worst))
    # A tenth of the smallest doubles is zero: the reference is then the next double.
    reference: np.ndarray = np.clip(np.maximum(beyond, np.nextafter(worst, MAX)), -MAX, MAX)
    return reference


def growing_shares(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the hypervolume after each of n x m finite points in order of arrival, as shares.

    A share is one of the box between zero and the reference (m); all are 0 if the box has no
    volume. They are those of a `GrowingFront`, which is quicker for many points only: up to
    `MAX_PREFIXES`, one call of moocore for each prefix takes a quarter of its time.
    """
    points = np.asarray(points, dtype=float)
    if len(points) > MAX_PREFIXES:
        front = GrowingFront(reference)
        shares = np.zeros(len(points))
        for row, point in enumerate(points):
            front.add(point)
            shares[row] = front.share
        return shares
    powers = exponents(reference)
    limit, inside = scaled(np.asarray(reference, dtype=float), powers), scaled(points, powers)
    box = float(np.prod(np.abs(limit)))
    counts = (inside < limit).all(axis=1)
    import moocore

    counted, measure = inside[counts], moocore.Hypervolume(ref=limit)
    volumes = np.array([0.0, *(measure(counted[:n]) for n in range(1, len(counted) + 1))])
    shares = np.maximum.accumulate(volumes[np.cumsum(counts)]) if len(points) else np.zeros(0)
    return shares / box if box else np.zeros(len(points))


def growth(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the hypervolume after each of n x m points in order of arrival."""
    front = GrowingFront(reference)
    return np.array([front.add(point)[1] for point in np.asarray(points, dtype=float)])


class GrowingFront:
    """A front that grows by one point at a time and keeps its hypervolume.

    A new point adds the part of its own box that the members do not cover yet. That needs only
    the members, not the points that arrived before. The arithmetic is done on scaled numbers,
    so it stays finite for all finite points.
    """

    def __init__(self, reference: np.ndarray):
        """Create an empty front.

        Args:
            reference: m finite numbers, in the orientation of the points.
        """
        self.reference = np.asarray(reference, dtype=float)
        self._powers = exponents(self.reference)
        self._scaled_reference = scaled(self.reference, self._powers)
        self._box = float(np.prod(np.abs(self._scaled_reference)))
        self.scaled_volume = 0.0
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
    def hypervolume(self) -> float:
        """The hypervolume in the units of the objectives."""
        return unscaled(self.scaled_volume, self._power)

    @hypervolume.setter
    def hypervolume(self, volume: float) -> None:
        self.scaled_volume = unscaled(volume, -self._power)

    @property
    def share(self) -> float:
        """The hypervolume as a share of the box between zero and the reference; 0 if the box
        has no volume."""
        return self.scaled_volume / self._box if self._box else 0.0

    @property
    def _power(self) -> int:
        return int(self._powers.sum())

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
        self.scaled_volume += self._scaled_gain(point, rows)
        self._join(point, key, rows)
        return True, self.hypervolume

    def _scaled_gain(self, point: np.ndarray, rows: np.ndarray) -> float:
        """Return the scaled volume of the part of the point's box that no member covers."""
        point, reference = scaled(point, self._powers), self._scaled_reference
        if not (point < reference).all():
            return 0.0
        box = float(np.prod(reference - point))
        # Moved into the point's box, the members cover exactly what they share with it.
        covered = _hypervolume(np.maximum(scaled(rows, self._powers), point), reference)
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
