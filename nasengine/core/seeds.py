"""Seeds: every random choice derives from the run seed and its purpose."""

from __future__ import annotations

import hashlib

import numpy as np


def derive(seed: int, *path: int | str) -> int:
    """Derive the seed of one purpose, in 0 .. 2**53 - 1 and the same in every process.

    53 bits survive JSON and a browser unchanged.
    """
    text = "/".join(str(part) for part in (seed, *path))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 11


def generator(seed: int, *path: int | str) -> np.random.Generator:
    """Return a numpy Generator for one purpose; its state survives JSON exactly."""
    return np.random.Generator(np.random.PCG64(derive(seed, *path)))
