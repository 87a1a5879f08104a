"""Columns of numbers as base64, which a page decodes at once."""

from __future__ import annotations

import base64

import numpy as np


def packed(column: np.ndarray, kind: str) -> str:
    """Return a column as base64 of its bytes; `kind` is a NumPy type such as "<f8"."""
    return base64.b64encode(column.astype(kind).tobytes()).decode("ascii")
