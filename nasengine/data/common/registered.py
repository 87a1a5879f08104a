"""Registered data sets: data that a team has uploaded, by name in search settings.

A launch pins the name to the SHA-256 of the content, and workers materialise the content of that
digest in one folder, so a search always trains on the data that it was started with.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ...core.errors import DataMissing, EngineError
from ...core.pinned import Pinned

CONTENT = "content"  # a folder, or a file with an ending
PROJECT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class RegisteredData(Pinned):
    """A data set's name, and the digest that pins its content ("" if it is not pinned)."""

    prefix: ClassVar[str] = "data:"
    noun: ClassVar[str] = "data set"
    kind: ClassVar[str] = "an uploaded data set"

    @property
    def folder(self) -> Path:
        """Folder of the content on this machine.

        Raises:
            EngineError: the name has no digest, so the content is not determined.
        """
        if not self.digest:
            raise EngineError(
                f"{self.path} is a data set that a team uploaded: launch the search in the web "
                "application, or name a folder or file"
            )
        return registered_folder() / self.digest

    @property
    def file(self) -> Path:
        """The file or folder that data sets read.

        Raises:
            DataMissing: this machine has no copy of the content.
        """
        folder = self.folder
        found = sorted(folder.glob(f"{CONTENT}*")) if folder.is_dir() else []
        if not found:
            raise DataMissing(f"{self.label} is not on this machine: a worker fetches it")
        return found[0]


def registered_folder() -> Path:
    """Return PARETOSCOPE_DATASETS, or `datasets` in PARETOSCOPE_VAR/cache or in `var/cache`."""
    data = os.environ.get("PARETOSCOPE_DATASETS")
    var = os.environ.get("PARETOSCOPE_VAR") or PROJECT / "var"
    return Path(data or Path(var) / "cache" / "datasets").absolute()
