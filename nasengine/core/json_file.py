"""Reading small JSON documents that people name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .errors import EngineError
from .text import shorten


def read_start(path: Path, limit: int) -> bytes:
    """Return the content of a file, at most `limit` + 1 bytes of it.

    Raises:
        EngineError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise EngineError(f"{shorten(str(path), 80)} cannot be read: {reason}") from None


def parse(content: bytes, path: Path) -> Any:
    """Return the value of a JSON document, the content of a file.

    Raises:
        EngineError: it is not JSON.
    """
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise EngineError(
            f"{shorten(str(path), 80)} is not one JSON document: {shorten(str(error), 80)}"
        ) from None
