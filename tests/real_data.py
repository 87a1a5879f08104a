"""Published data that some tests also read if it is there."""

from __future__ import annotations

import os
from pathlib import Path


def real_data(name: str) -> Path | None:
    """Return a file of PARETOSCOPE_DATA, or of ../shared/data; None if it does not exist."""
    beside = Path(__file__).parents[1].parent / "shared" / "data"
    path = Path(os.environ.get("PARETOSCOPE_DATA") or beside) / name
    return path if path.is_file() else None
