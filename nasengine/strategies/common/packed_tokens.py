"""Token sequences as short texts for saved states: two bytes per token."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np

TOKEN = "<u2"


def pack_tokens(tokens: Sequence[int]) -> str:
    """Return the tokens as base64."""
    return base64.b64encode(np.array(tokens, dtype=TOKEN).tobytes()).decode()


def unpack_tokens(text: str) -> tuple[int, ...]:
    """Return the tokens of a text that `pack_tokens` made."""
    return tuple(np.frombuffer(base64.b64decode(text), dtype=TOKEN).tolist())
