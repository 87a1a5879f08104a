"""A prefix of an object store as storage, through fsspec: S3 and everything that speaks it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from .errors import EngineError
from .storage import Storage
from .text import one_line, shorten

T = TypeVar("T")
# Keys under which file systems report the time of the last change.
TIMES = ("LastModified", "last_modified", "mtime", "created")


class ObjectStorage(Storage):
    """A prefix such as s3://bucket/prefix. Putting an object is atomic; nothing is renamed.

    Keys and addresses of servers come from the environment, as for other tools
    (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, ...).
    """

    def __init__(self, address: str):
        self.address = address.rstrip("/")
        self._files, self._root = _opened(self.address)

    def get(self, name: str) -> bytes | None:
        content: bytes | None = self._call(self._files.cat_file, self._path(name), missing=None)
        return content

    def put(self, name: str, content: bytes) -> None:
        self._call(self._files.pipe_file, self._path(name), content, missing=None)

    def remove(self, name: str) -> None:
        self._call(self._files.rm_file, self._path(name), missing=None)

    def names(self) -> list[str]:
        return self._listed("file")

    def places(self) -> list[str]:
        return self._listed("directory")

    def within(self, name: str) -> ObjectStorage:
        return ObjectStorage(f"{self.address}/{name}")

    def clear(self) -> None:
        self._call(lambda path: self._files.rm(path, recursive=True), self._root, missing=None)

    def changed_at(self) -> float | None:
        find = self._files.find
        empty: dict[str, dict[str, Any]] = {}
        found = self._call(lambda path: find(path, detail=True), self._root, missing=empty)
        times = [_seconds(facts) for facts in found.values()]
        return max(times) if times else None

    def _listed(self, kind: str) -> list[str]:
        empty: list[dict[str, Any]] = []
        ls = self._files.ls
        found = self._call(lambda path: ls(path, detail=True), self._root, missing=empty)
        paths = [str(item["name"]).rstrip("/") for item in found if item["type"] == kind]
        root = self._root.strip("/")
        return sorted(path.rpartition("/")[2] for path in paths if path.strip("/") != root)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _call(self, act: Callable[..., T], path: str, *more: Any, missing: T) -> T:
        """Call the file system. Every error is an OSError, also that of a foreign library."""
        self._files.invalidate_cache()
        try:
            return act(path, *more)
        except FileNotFoundError:
            return missing
        except OSError:
            raise
        except Exception as error:
            raise OSError(one_line(f"{type(error).__name__}: {error}", 200)) from error


def _opened(address: str) -> tuple[Any, str]:
    """Return fsspec's file system and the path of an address.

    Raises:
        EngineError: the kind of address is unknown, or its package is not installed.
    """
    scheme = address.partition("://")[0]
    try:
        from fsspec.core import url_to_fs

        files, root = url_to_fs(address)
    except ImportError as error:
        remedy = 'pip install "nasengine[s3]"' if scheme == "s3" else "install its package"
        raise EngineError(
            f"{shorten(address, 80)} cannot be used ({one_line(str(error), 100)}): {remedy}"
        ) from None
    except ValueError as error:
        raise EngineError(
            f"{shorten(address, 80)} is no place for files ({one_line(str(error), 100)}): use the "
            "path of a folder, or s3://BUCKET/PREFIX"
        ) from None
    return files, str(root).rstrip("/")


def _seconds(facts: dict[str, Any]) -> float:
    value = next((facts[key] for key in TIMES if facts.get(key) is not None), 0.0)
    return value.timestamp() if isinstance(value, datetime) else float(value)
