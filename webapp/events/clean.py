"""Cleaning of JSON values before they are stored: no NaN, no NUL, no unpaired surrogates."""

from __future__ import annotations

import math
from typing import Any


def clean_text(text: str) -> str:
    """Replace what PostgreSQL cannot store by the replacement character."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def clean_json(value: Any) -> Any:
    """Return a copy in which numbers that are not finite are null and texts can be stored."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(k)): clean_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean_json(v) for v in value]
    return value
