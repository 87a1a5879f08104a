"""Downloads of large files: read in pieces, in threads, never wholly in memory."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

PIECE = 1 << 18
CHANGED = (1980, 1, 1, 0, 0, 0)  # one date for all members, so that equal files give equal archives


def download(pieces: Iterator[bytes], name: str, content_type: str) -> StreamingHttpResponse:
    """Return a response that sends these pieces as a file of that name."""
    response = StreamingHttpResponse(_in_threads(pieces), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def pieces_of(path: Path, first: int = 0) -> Iterator[bytes]:
    """Yield the content of a file, from a byte on."""
    with path.open("rb") as file:
        file.seek(first)
        while piece := file.read(PIECE):
            yield piece


def zipped(files: Mapping[str, Path | None]) -> Iterator[bytes]:
    """Yield an uncompressed zip archive of these files, by their names; None: an empty one."""
    out: Any = _Pieces()
    with zipfile.ZipFile(out, "w") as archive:
        for name, path in files.items():
            with archive.open(zipfile.ZipInfo(name, CHANGED), "w", force_zip64=True) as member:
                for piece in pieces_of(path) if path else ():
                    member.write(piece)
                    yield out.take()
    yield out.take()


class _Pieces:
    """A file that can only be written to, and gives what was written since the last time."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, content: Any) -> int:
        self._written += content
        return len(content)

    def flush(self) -> None:
        """Do nothing: everything that was written is taken."""

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


async def _in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    def advance() -> bytes | None:
        return next(pieces, None)

    advance_in_thread = sync_to_async(advance, thread_sensitive=False)
    while (piece := await advance_in_thread()) is not None:
        yield piece
