"""The checkpoints of one search in a storage: one .npz file per candidate, without pickles."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from ..core.architecture import Architecture, canonical_json
from ..core.errors import EngineError
from ..core.storage import FolderStorage, Storage
from ..core.weight_store import Checkpoint, WeightStore

VERSION = 1
HEAD = "legacy"  # key of version and architecture, stored as the bytes of a JSON text
WEIGHT = "weights/"  # prefix of the array names
# Errors of reading a truncated, changed or foreign file; each member of the zip has a checksum.
BROKEN = (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error, OSError,
          NotImplementedError)  # fmt: skip


class StorageWeightStore(WeightStore):
    """Stores the checkpoint of candidate N as N.npz in a folder or an object store.

    Any number of processes may use one place at the same time. Files appear atomically, and a
    damaged file counts as missing. Equal checkpoints make equal files.
    """

    def __init__(self, storage: Storage):
        self.storage = storage

    def get(self, number: int) -> Checkpoint | None:
        name = _name(number)
        try:
            content = self.storage.get(name)
        except OSError as error:
            raise EngineError(
                f"the weights in {self.storage.address}/{name} cannot be read: "
                f"{error.strerror or error}; give this process permission to read them"
            ) from None
        if content is None:
            return None
        try:
            return _unpacked(content)
        except BROKEN:
            return None

    def put(self, number: int, checkpoint: Checkpoint) -> None:
        content = _packed(checkpoint)
        try:
            self.storage.put(_name(number), content)
        except OSError as error:
            raise EngineError(
                f"the weights of candidate {number} cannot be stored in {self.storage.address}: "
                f"{error.strerror or error}; free some space or make the folder writable"
            ) from None

    def drop(self, number: int) -> None:
        with suppress(OSError):
            self.storage.remove(_name(number))

    @contextmanager
    def lock(self, cancelled: Callable[[], bool]) -> Iterator[None]:
        """Hold the lock of the storage; an object store has none."""
        with self.storage.lock(cancelled):
            yield


class FolderWeightStore(StorageWeightStore):
    """A folder with a file for each candidate; `put` creates the folder."""

    def __init__(self, path: Path):
        super().__init__(FolderStorage(path))
        self.path = path


def _name(number: int) -> str:
    return f"{number}.npz"


def _packed(checkpoint: Checkpoint) -> bytes:
    head = canonical_json({"version": VERSION, "architecture": checkpoint.architecture.to_json()})
    arrays = {f"{WEIGHT}{name}": array for name, array in checkpoint.weights.items()}
    buffer = io.BytesIO()
    arrays[HEAD] = np.frombuffer(head.encode(), np.uint8)
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _unpacked(content: bytes) -> Checkpoint:
    """Read a checkpoint. Raises one of BROKEN if the content is damaged or foreign."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        arrays = {
            name.removesuffix(".npy"): _array(archive.read(name)) for name in archive.namelist()
        }
    head = json.loads(arrays.pop(HEAD).tobytes())
    if head["version"] != VERSION:
        raise ValueError(f"version {head['version']}")
    return Checkpoint(
        Architecture.from_json(head["architecture"]),
        {name.removeprefix(WEIGHT): array for name, array in arrays.items()},
    )


def _array(content: bytes) -> np.ndarray:
    return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
