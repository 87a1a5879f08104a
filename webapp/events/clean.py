"""What enters a JSON column: no NaN, no NUL, no half surrogate pair."""

from __future__ import annotations

import math
from typing import Any


def clean_text(text: str) -> str:
    """The text as PostgreSQL takes it; what it refuses becomes a replacement sign."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def clean_json(value: Any) -> Any:
    """A copy without non-finite numbers (they become null) and unstorable text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(k)): clean_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean_json(v) for v in value]
    return value
