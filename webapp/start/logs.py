"""Logs of bounded size: the end of a log that grew too long moves to a second file."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

LIMIT_BYTES = 5_000_000


class Logs:
    """The logs under the workbench's folder; `trim` is called while their processes write.

    Processes append to their log, so emptying the file makes them continue at its start. Lines
    that are written in the moment between the last reading and the emptying are lost.
    """

    def __init__(self, var: Path, limit_bytes: int = LIMIT_BYTES):
        self.folder = var / "log"
        self.servers = {"postgres": var / "postgres" / "log", "valkey": var / "valkey/valkey.log"}
        self.limit_bytes = limit_bytes

    def trim(self) -> None:
        """Move the end of every log above the limit to NAME.log.1 in the folder of logs."""
        for path in self.folder.glob("*.log"):
            self._trim(path, self.folder / f"{path.name}.1")
        for name, path in self.servers.items():
            self._trim(path, self.folder / f"{name}.log.1")

    def _trim(self, log: Path, old: Path) -> None:
        with contextlib.suppress(OSError):  # missing, or a full disk: tried again in a moment
            if log.stat().st_size <= self.limit_bytes:
                return
            part = old.with_name(f"{old.name}.part")
            with log.open("r+b") as file, part.open("wb") as kept:
                file.seek(-self.limit_bytes, os.SEEK_END)
                file.readline()  # the rest of a line
                while chunk := file.read(1 << 20):
                    kept.write(chunk)
                file.truncate(0)
            part.replace(old)
