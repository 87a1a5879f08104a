"""Content in the shared storage: files in pieces, so that no process holds a whole one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from nasengine.core.errors import EngineError
from nasengine.core.storage import Storage, storage_at
from nasengine.data.common.registered import registered_folder
from webapp.common.folders import folder_name
from webapp.datasets.models import DataUpload

PIECE = 8 << 20
INDEX = "index.json"  # written last: content without it is not complete


def data_storage() -> Storage:
    """Return the place of all uploaded content, one place for each digest."""
    return storage_at(settings.PARETOSCOPE_DATASETS_STORAGE)


def upload_place(upload: DataUpload) -> Storage:
    """Return the place of the file of an upload."""
    return data_storage().within("uploads").within(folder_name(upload.pk, upload.created_at))


def put_pieces(place: Storage, pieces: Iterable[bytes]) -> int:
    """Store a file piece by piece; return its size."""
    size, number = 0, 0
    for number, piece in enumerate(pieces):
        place.put(f"{number:05d}", piece)
        size += len(piece)
    place.put(INDEX, json.dumps({"pieces": number + 1 if size else 0, "size": size}).encode())
    return size


def pieces_in(place: Storage) -> Iterator[bytes]:
    """Yield a stored file piece by piece.

    Raises:
        EngineError: the file is not there, or not complete.
    """
    index = place.get(INDEX)
    if index is None:
        raise EngineError("its content is not in the storage: upload it again")
    for number in range(json.loads(index)["pieces"]):
        piece = place.get(f"{number:05d}")
        if piece is None:
            raise EngineError("a part of its content is missing in the storage: upload it again")
        yield piece


def is_complete(place: Storage) -> bool:
    """Return whether a place holds a complete file."""
    return place.get(INDEX) is not None


def read_in_pieces(file: BinaryIO) -> Iterator[bytes]:
    """Yield an open file piece by piece."""
    while piece := file.read(PIECE):
        yield piece


def digest_of(folder: Path) -> tuple[str, int, int]:
    """Return the SHA-256 of names and contents of all files, their number and their size."""
    sha, count, size = hashlib.sha256(), 0, 0
    for path in _files(folder):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        length = path.stat().st_size
        sha.update(f"{path.relative_to(folder).as_posix()}\0{length}\0{content}\n".encode())
        count, size = count + 1, size + length
    return sha.hexdigest(), count, size


def store_folder(folder: Path, place: Storage) -> None:
    """Store the files of a folder: each as a name, a length and its bytes, one after the other."""
    put_pieces(place, _joined(_packed(folder)))


def restore_folder(place: Storage, folder: Path) -> None:
    """Write the files that `store_folder` stored into a new folder."""
    stream = _Stream(pieces_in(place))
    while header := stream.line():
        record = json.loads(header)
        path = folder / record["name"]
        if not path.resolve().is_relative_to(folder.resolve()):
            raise EngineError("its content in the storage is damaged: upload it again")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for part in stream.take(record["size"]):
                file.write(part)


def adopt(folder: Path, digest: str) -> Path:
    """Make a complete folder this machine's copy of a content; return the copy."""
    target = registered_folder() / digest
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.rename(folder, target)
    except OSError:
        if not target.is_dir():  # no other process was quicker
            raise
        shutil.rmtree(folder, ignore_errors=True)
    return target


def scratch_folder() -> Path:
    """Return a new folder next to this machine's copies."""
    folder = registered_folder() / f".part-{uuid.uuid4().hex[:12]}"
    folder.mkdir(parents=True)
    return folder


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _packed(folder: Path) -> Iterator[bytes]:
    for path in _files(folder):
        record = {"name": path.relative_to(folder).as_posix(), "size": path.stat().st_size}
        yield json.dumps(record).encode() + b"\n"
        with path.open("rb") as file:
            yield from read_in_pieces(file)


def _joined(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in pieces of at least PIECE, but for the last one."""
    waiting = bytearray()
    for part in parts:
        waiting += part
        if len(waiting) >= PIECE:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


class _Stream:
    """Lines and lengths of bytes from pieces."""

    def __init__(self, pieces: Iterator[bytes]):
        self._pieces = pieces
        self._waiting = b""
        self._at = 0

    def line(self) -> bytes:
        """Return the next line without its end; b"" after the last one."""
        while (end := self._waiting.find(b"\n", self._at)) < 0:
            if not self._more():
                return b""
        line = self._waiting[self._at : end]
        self._at = end + 1
        return line

    def take(self, size: int) -> Iterator[bytes]:
        """Yield the next `size` bytes."""
        while size:
            if self._at == len(self._waiting) and not self._more():
                raise EngineError("its content in the storage is damaged: upload it again")
            part = self._waiting[self._at : self._at + size]
            self._at += len(part)
            size -= len(part)
            yield part

    def _more(self) -> bool:
        piece = next(self._pieces, None)
        if piece is None:
            return False
        self._waiting, self._at = self._waiting[self._at :] + piece, 0
        return True
