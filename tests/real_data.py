"""Where published data lies that some tests read when it is there."""

from __future__ import annotations

import os
from pathlib import Path


def real_data(name: str) -> Path | None:
    """A file of the folder PARETOSCOPE_DATA names, else of ../shared/data; None if absent."""
    beside = Path(__file__).parents[1].parent / "shared" / "data"
    path = Path(os.environ.get("PARETOSCOPE_DATA") or beside) / name
    return path if path.is_file() else None
