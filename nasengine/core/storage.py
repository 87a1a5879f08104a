"""Storage: files by name, in a folder or in an object store such as S3."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .errors import Cancelled

LOCK_POLL_SECONDS = 0.2


class Storage(ABC):
    """Files by name in one place; any number of processes may use it at the same time.

    A place does not need to exist before something is put there. All methods raise OSError if
    the place cannot be reached, is full, or may not be read or written.

    Attributes:
        address: The place as text, from which `storage_at` makes the storage again.
    """

    address: str

    @abstractmethod
    def get(self, name: str) -> bytes | None:
        """Return the content of a file, None if there is none."""

    @abstractmethod
    def put(self, name: str, content: bytes) -> None:
        """Store a file atomically: readers see the old content or the new one, never a part."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file if there is one."""

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names of the files, sorted; those of places within it are not included."""

    @abstractmethod
    def places(self) -> list[str]:
        """Return the names of the places within it, sorted."""

    @abstractmethod
    def within(self, name: str) -> Storage:
        """Return a place within this one."""

    @abstractmethod
    def clear(self) -> None:
        """Remove all files of the place and the places within it."""

    @abstractmethod
    def changed_at(self) -> float | None:
        """Return when something was last put there, in seconds since 1970; None if it is empty."""

    @contextmanager
    def lock(self, cancelled: Callable[[], bool]) -> Iterator[None]:
        """Hold a lock that one process at a time holds.

        A storage may provide none: work inside must be harmless when it is done twice.

        Raises:
            Cancelled: `cancelled` returned True while another process held the lock.
        """
        yield


class FolderStorage(Storage):
    """A folder of a local or network file system.

    Files are written under another name, flushed to the disk and renamed.
    """

    def __init__(self, path: Path):
        self.path = path
        self.address = str(path)

    def get(self, name: str) -> bytes | None:
        try:
            return (self.path / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def put(self, name: str, content: bytes) -> None:
        stem = name.partition(".")[0]
        part = self.path / f".{stem}-{uuid.uuid4().hex}.part"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for leftover in self.path.glob(f".{stem}-*.part"):
                leftover.unlink(missing_ok=True)  # from a process that was killed
            _write(part, content)
            os.replace(part, self.path / name)
        except FileNotFoundError:
            return  # another process puts the same file and removed ours as a leftover
        finally:
            with suppress(OSError):
                part.unlink()

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError, NotADirectoryError):
            (self.path / name).unlink()

    def names(self) -> list[str]:
        files = (path.name for path in self._content() if path.is_file())
        return sorted(name for name in files if not name.startswith("."))

    def places(self) -> list[str]:
        return sorted(path.name for path in self._content() if path.is_dir())

    def within(self, name: str) -> FolderStorage:
        return FolderStorage(self.path / name)

    def clear(self) -> None:
        with suppress(FileNotFoundError, NotADirectoryError):
            shutil.rmtree(self.path)

    def changed_at(self) -> float | None:
        try:
            return self.path.stat().st_mtime
        except FileNotFoundError:
            return None

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

    def _content(self) -> Iterator[Path]:
        if self.path.is_dir():
            yield from self.path.iterdir()


def storage_at(address: str | Path) -> Storage:
    """Return the storage of a folder's path, or of a URL such as s3://bucket/prefix.

    Raises:
        EngineError: a URL of an unknown kind, or of one whose package is not installed.
    """
    if isinstance(address, Path) or "://" not in address:
        return FolderStorage(Path(address))
    if address.startswith("file://"):
        return FolderStorage(Path(unquote(urlsplit(address).path)))
    from .object_storage import ObjectStorage

    return ObjectStorage(address)


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
