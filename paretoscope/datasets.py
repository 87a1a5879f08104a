"""Data sets that a team uploads for its searches."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from .http import UPLOAD_SECONDS, ApiError, Connection
from .resources import Resource

POLL_SECONDS = 0.5


class DataSet(Resource):
    """One version of an uploaded data set."""

    path = "/data"

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of a search on it: `client.launch(name, **data.settings)`."""
        config = {"path": self.row["path"], **self.row["dataset_config"]}
        return {"dataset": self.row["dataset"], "dataset_config": config}


def sent(connection: Connection, file: Path, name: str, note: str, team: str) -> DataSet:
    """Upload a file and return its data set once a worker has read it.

    Raises:
        ApiError: the file is refused.
    """
    stem = re.sub(r"[^a-z0-9._-]+", "-", file.name.partition(".")[0].lower()).strip("-._")
    query = {"name": name or stem or "data", "file_name": file.name, "note": note, "team": team}
    row = connection.send_file("/data", file, UPLOAD_SECONDS, **query)
    while row["state"] in ("waiting", "running"):
        time.sleep(POLL_SECONDS)
        row = connection.get(f"/data/uploads/{row['id']}")
    if row["data"] is None:
        texts = [f"{name}: {text}" for name, text in row["errors"].items()] or [row["words"]]
        raise ApiError(422, "; ".join(texts))
    return DataSet(connection, connection.get(f"/data/{row['data']}"))
