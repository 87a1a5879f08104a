"""Size of JSON values."""

from __future__ import annotations

import json
from typing import Any


def json_bytes(value: Any) -> int:
    """Return the number of bytes of a value as JSON."""
    return len(json.dumps(value).encode())
