"""Array arithmetic that spaces and strategies share; numpy only."""

from __future__ import annotations

import math

import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the softmax over the last axis, in float64.

    A logit of -inf gets probability 0; each row needs at least one finite logit.
    """
    logits = np.asarray(logits, dtype=np.float64)
    # Subtracting the maximum leaves the result as it is and keeps exp() from overflowing.
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: np.ndarray = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities


def round_significant(value: float, digits: int = 5) -> float:
    """Round to a number of significant digits, so that views and states stay short.

    A finite number stays finite: the largest doubles, which would round to infinity, are kept.
    """
    rounded = float(f"{value:.{digits}g}")
    return value if math.isinf(rounded) else rounded
