"""Texts that two people may edit at the same time: a form holds the version that it shows."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def version_of(*values: Any) -> str:
    """Return a short name of the stored values, which a form sends back as `version`."""
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]


def has_changed(sent: str, *values: Any) -> bool:
    """Return whether the stored values are no longer those that the form showed.

    Args:
        sent: the version of the form; empty if a program sends the values without one.
        values: the stored values.
    """
    return bool(sent) and sent != version_of(*values)
