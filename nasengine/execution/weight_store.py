"""The checkpoints of one search as a folder: one .npz file per candidate, without pickles."""

from __future__ import annotations

import fcntl
import io
import json
import os
import time
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np

from ..core.architecture import Architecture, canonical_json
from ..core.errors import Cancelled, EngineError
from ..core.weight_store import Checkpoint, WeightStore

VERSION = 1
HEAD = "legacy"  # key of version and architecture, stored as the bytes of a JSON text
WEIGHT = "weights/"  # prefix of the array names
LOCK_POLL_SECONDS = 0.2
# Errors of reading a truncated, changed or foreign file; each member of the zip has a checksum.
BROKEN = (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error, OSError,
          NotImplementedError)  # fmt: skip


class FolderWeightStore(WeightStore):
    """Stores the checkpoint of candidate N in N.npz; `put` creates the folder.

    Any number of processes may use one folder at the same time. Files appear atomically, and a
    damaged file counts as missing. Equal checkpoints make equal files.
    """

    def __init__(self, path: Path):
        self.path = path

    def get(self, number: int) -> Checkpoint | None:
        path = self.path / f"{number}.npz"
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise EngineError(
                f"the weights in {path} cannot be read: {error.strerror or error}; "
                "give this process permission to read them"
            ) from None
        try:
            return _unpacked(content)
        except BROKEN:
            return None

    def put(self, number: int, checkpoint: Checkpoint) -> None:
        content = _packed(checkpoint)
        part = self.path / f".{number}-{uuid.uuid4().hex}.part"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for leftover in self.path.glob(f".{number}-*.part"):
                leftover.unlink(missing_ok=True)  # from an attempt that was killed
            _write(part, content)
            os.replace(part, self.path / f"{number}.npz")
        except FileNotFoundError:
            return  # another process puts the same candidate and removed our file as a leftover
        except OSError as error:
            raise EngineError(
                f"the weights of candidate {number} cannot be stored in {self.path}: "
                f"{error.strerror or error}; free some space or make the folder writable"
            ) from None
        finally:
            with suppress(OSError):
                part.unlink()

    def drop(self, number: int) -> None:
        with suppress(OSError):
            (self.path / f"{number}.npz").unlink()

    @contextmanager
    def lock(self, cancelled: Callable[[], bool]) -> Iterator[None]:
        """Hold a file lock; the kernel releases it if the process dies.

        A file system without locks provides none.
        """
        with ExitStack() as opened:
            with suppress(OSError):
                self.path.mkdir(parents=True, exist_ok=True)
                file = opened.enter_context((self.path / ".turn").open("w"))
                while not _locked(file.fileno()):
                    if cancelled():
                        raise Cancelled
                    time.sleep(LOCK_POLL_SECONDS)
            yield


def _locked(descriptor: int) -> bool:
    """Try to take the lock. Raises OSError on a file system without locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


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
