"""Answers that the workbench has not accepted yet, kept in files until it has."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class Journal:
    """One file for each answer; a restarted agent finds and sends them."""

    def __init__(self, folder: Path):
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob("*.part"):
            leftover.unlink(missing_ok=True)

    def keep(self, job: int, fence: int, answer: dict[str, Any]) -> Path:
        """Store an answer durably and return its file."""
        path = self._folder / f"{job}-{fence}.json"
        part = path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as file:
            json.dump({"job": job, "fence": fence, **answer}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        return path

    def waiting(self) -> list[tuple[Path, dict[str, Any]]]:
        """Return the answers that were not accepted, oldest first; unreadable files are removed."""
        found = []
        for path in sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_mtime):
            try:
                found.append((path, json.loads(path.read_text(encoding="utf-8"))))
            except ValueError:
                path.unlink(missing_ok=True)
        return found
