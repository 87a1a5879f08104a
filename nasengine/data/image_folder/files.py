"""Labelled image files in little memory: one buffer of paths instead of an object per file."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...core.errors import DataMissing, EngineError
from ..common.pictures import SUFFIXES
from ..common.roots import readable_path


@dataclass(frozen=True)
class FileList:
    """Files of one folder with labels.

    A data set of a million images needs some 60 bytes for each, and reader processes share them.

    Attributes:
        root: The folder.
        names: The relative paths one after the other, UTF-8.
        ends: Position after each path (n, int64).
        labels: Labels (n, int64).
        digest: SHA-256 of the relative paths, sizes and labels.
    """

    root: Path
    names: bytes
    ends: np.ndarray
    labels: np.ndarray
    digest: str

    def __len__(self) -> int:
        return len(self.labels)

    def path(self, index: int) -> Path:
        """Return the path of a file."""
        start = int(self.ends[index - 1]) if index else 0
        return self.root / os.fsdecode(self.names[start : int(self.ends[index])])

    def read(self, index: int) -> bytes:
        """Return the content of a file.

        Raises:
            EngineError: it cannot be read, or links to a target outside of the allowed folders.
        """
        path = self.path(index)
        try:
            return readable_path(path).read_bytes()
        except OSError as error:
            reason = error.strerror or error
            raise EngineError(f"{path} cannot be read ({reason}): remove or replace it") from None


def list_files(root: Path, classes: tuple[str, ...]) -> FileList:
    """Return the images of the class folders in `root`, sorted by class and name.

    Raises:
        DataMissing: a class has no image.
    """
    names: list[bytes] = []
    labels: list[np.ndarray] = []
    lengths: list[int] = []
    sha = hashlib.sha256()
    for label, name in enumerate(classes):
        found = _images(root / name) if (root / name).is_dir() else []
        for file, size in found:
            encoded = os.fsencode(f"{name}/{file}")
            sha.update(encoded + f" {size} {label}\n".encode())
            names.append(encoded)
            lengths.append(len(encoded))
        labels.append(np.full(len(found), label, np.int64))
    ends = np.cumsum(np.array(lengths, np.int64))
    return FileList(root, b"".join(names), ends, np.concatenate(labels), sha.hexdigest())


def _images(folder: Path) -> list[tuple[str, int]]:
    """Return name and size of each image of a folder, sorted by name."""
    try:
        with os.scandir(folder) as entries:
            found = [
                (entry.name, entry.stat().st_size)
                for entry in entries
                if entry.name.lower().endswith(SUFFIXES)
                and not entry.name.startswith(".")
                and entry.is_file()
            ]
    except OSError as error:
        reason = error.strerror or error
        raise DataMissing(f"{folder} cannot be read ({reason}): correct path") from None
    return sorted(found)
