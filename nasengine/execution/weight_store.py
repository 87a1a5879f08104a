"""The weights of one search as a folder: one .npz file a candidate, data alone."""

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
HEAD = "legacy"  # version and architecture, as the bytes of a JSON text
WEIGHT = "weights/"  # before the name of each array
LOOK_SECONDS = 0.2  # between two looks whether it is our turn
# What a file says that is torn, changed or of another kind; each part of it has a checksum.
BROKEN = (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error, OSError,
          NotImplementedError)  # fmt: skip


class FolderWeightStore(WeightStore):
    """Keeps each candidate's legacy in NUMBER.npz; the folder is made with the first of them.

    Any number of processes may use one folder at once. A file appears whole or not at all,
    and one that cannot be understood counts as none. Equal legacies make equal files.
    """

    def __init__(self, path: Path):
        self._path = path

    def get(self, number: int) -> Checkpoint | None:
        path = self._path / f"{number}.npz"
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise EngineError(
                f"the weights in {path} cannot be read: {error.strerror or error}; "
                "let this process read them"
            ) from None
        try:
            return _unpacked(content)
        except BROKEN:
            return None

    def put(self, number: int, legacy: Checkpoint) -> None:
        content = _packed(legacy)
        part = self._path / f".{number}-{uuid.uuid4().hex}.part"
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            for left in self._path.glob(f".{number}-*.part"):
                left.unlink(missing_ok=True)  # of an attempt that was killed
            _write(part, content)
            os.replace(part, self._path / f"{number}.npz")
        except FileNotFoundError:
            return  # another process that has the same candidate took ours for left over
        except OSError as error:
            raise EngineError(
                f"the weights of candidate {number} cannot be kept in {self._path}: "
                f"{error.strerror or error}; make room there, or let it be written"
            ) from None
        finally:
            with suppress(OSError):
                part.unlink()

    def drop(self, number: int) -> None:
        with suppress(OSError):
            (self._path / f"{number}.npz").unlink()

    @contextmanager
    def lock(self, cancelled: Callable[[], bool]) -> Iterator[None]:
        """The kernel gives a lock back when its process dies; a folder that knows none has none."""
        with ExitStack() as opened:
            with suppress(OSError):
                self._path.mkdir(parents=True, exist_ok=True)
                file = opened.enter_context((self._path / ".turn").open("w"))
                while not _locked(file.fileno()):
                    if cancelled():
                        raise Cancelled
                    time.sleep(LOOK_SECONDS)
            yield


def _locked(descriptor: int) -> bool:
    """Whether the lock is ours now; OSError where there are no locks."""
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


def _packed(legacy: Checkpoint) -> bytes:
    head = canonical_json({"version": VERSION, "architecture": legacy.architecture.to_json()})
    arrays = {f"{WEIGHT}{name}": array for name, array in legacy.weights.items()}
    buffer = io.BytesIO()
    arrays[HEAD] = np.frombuffer(head.encode(), np.uint8)
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _unpacked(content: bytes) -> Checkpoint:
    """Raises one of BROKEN where this is no whole file of ours."""
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
