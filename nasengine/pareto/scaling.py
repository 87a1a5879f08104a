"""Exact scaling by powers of two, so that products and spans of extreme numbers stay finite.

A power of two changes no digit of a number. Arithmetic on scaled numbers therefore gives the
digits of the unscaled result wherever that result has neither overflowed nor become subnormal.
"""

from __future__ import annotations

import math

import numpy as np

MAX = float(np.finfo(float).max)
# A product of the sides of a box stays below 2**900, far from the overflow at 2**1024.
MAX_EXPONENT = 900


def exponents(numbers: np.ndarray) -> np.ndarray:
    """Return for each number the power of two that scales it to 0.5 <= |number| < 1; 0 for 0."""
    return np.frexp(np.asarray(numbers, dtype=float))[1]


def scaled(points: np.ndarray, powers: np.ndarray) -> np.ndarray:
    """Return n x m (or m) points divided by two to the m powers.

    A number that would be so large that a product of m of them overflows is cut off there.
    """
    points = np.asarray(points, dtype=float)
    limit = math.ldexp(1.0, MAX_EXPONENT // max(points.shape[-1], 1))
    with np.errstate(over="ignore", under="ignore"):
        return np.clip(np.ldexp(points, -powers), -limit, limit)


def within_half(points: np.ndarray) -> np.ndarray:
    """Return n x m points with every column scaled to |number| <= 0.5.

    Differences, spreads and their quotients within a column are then finite and keep their
    digits.
    """
    points = np.asarray(points, dtype=float)
    with np.errstate(under="ignore"):
        halved: np.ndarray = np.ldexp(points, -1 - exponents(np.abs(points).max(axis=0)))
    return halved


def unscaled(value: float, power: int) -> float:
    """Return value times two to the power, at most the largest double."""
    try:
        return math.ldexp(value, power)
    except OverflowError:
        return math.copysign(MAX, value)
