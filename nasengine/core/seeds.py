"""Seeds: every random choice comes from (run seed, what it is for)."""

from __future__ import annotations

import hashlib

import numpy as np


def derive(seed: int, *path: int | str) -> int:
    """A seed for one purpose, the same in every process, in 0 .. 2**53 - 1.

    53 bits, so that the number survives JSON and a browser unchanged.
    """
    text = "/".join(str(part) for part in (seed, *path))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 11


def generator(seed: int, *path: int | str) -> np.random.Generator:
    """A numpy Generator for one purpose; its state survives JSON exactly."""
    return np.random.Generator(np.random.PCG64(derive(seed, *path)))
