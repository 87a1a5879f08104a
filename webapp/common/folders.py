"""Folders of files that belong to rows of a table, on the machines of the workers."""

from __future__ import annotations

import hashlib
import re
import time
from datetime import datetime
from pathlib import Path

from nasengine.core.storage import Storage

# A folder without a row in the database may belong to another one; it is deleted once nothing
# was written to it for so long.
ABANDONED_SECONDS = 7 * 86400.0
FOLDER_NAME = re.compile(r"(\d{1,18})-[0-9a-f]{8}")


def folder_name(key: int, created_at: datetime) -> str:
    """Return the name of a row's folder.

    It includes the row's time of creation, because row 3 of another database, or of a restored
    one, is another row.
    """
    created = hashlib.sha256(created_at.isoformat().encode()).hexdigest()
    return f"{key}-{created[:8]}"


def folders_in(root: Path) -> list[Path]:
    """Return the folders of rows in `root`; none if it does not exist."""
    if not root.is_dir():
        return []
    paths = root.iterdir()
    return [path for path in paths if FOLDER_NAME.fullmatch(path.name) and path.is_dir()]


def places_in(root: Storage) -> list[str]:
    """Return the names of the places of rows in a storage."""
    return [name for name in root.places() if FOLDER_NAME.fullmatch(name)]


def key_of(name: str) -> int:
    """Return the key of the row that a folder of this name belongs to."""
    return int(name.partition("-")[0])


def is_abandoned(place: Storage) -> bool:
    """Whether nothing was written to a place for so long that no other database uses it."""
    changed = place.changed_at()
    return changed is not None and time.time() - changed > ABANDONED_SECONDS


def is_idle(path: Path, seconds: float) -> bool:
    """Whether nothing was written there for so long; False for a folder that was just deleted."""
    try:
        changed = path.stat().st_mtime
    except OSError:
        return False
    return time.time() - changed > seconds
