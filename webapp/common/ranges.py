"""Downloads that resume: a client that lost the connection asks for the rest (RFC 9110, 14)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.http import http_date

from .downloads import PIECE, download, pieces_of, zipped

MAX_SIZE_OF_ZIP = (1 << 31) - 1  # a larger archive has a longer index
# One range; a request for several gets the whole content, as the standard allows.
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True)
class Source:
    """Content to download.

    Attributes:
        size: Its number of bytes; None if it is not known, so that no range of it can be sent.
        tag: A text that differs for any other content.
        pieces_from: Yields the content from a byte on.
        changed: The time of its last change, in seconds since 1970; None if it is not known.
    """

    size: int | None
    tag: str
    pieces_from: Callable[[int], Iterator[bytes]]
    changed: float | None = None


def source_of_file(path: Path) -> Source:
    """Return a file as a source."""
    facts = path.stat()
    tag = _tag(path.name, facts.st_size, facts.st_mtime_ns)
    return Source(facts.st_size, tag, lambda first: pieces_of(path, first), changed=facts.st_mtime)


def source_of_zip(files: dict[str, Path]) -> Source:
    """Return the uncompressed zip archive of files as a source; it is made while it is sent."""
    facts = {name: path.stat() for name, path in files.items()}
    tag = _tag(*((name, status.st_size, status.st_mtime_ns) for name, status in facts.items()))
    # The headers of a member have a fixed length, whatever its size.
    frame = sum(map(len, zipped(dict.fromkeys(files))))
    size = frame + sum(status.st_size for status in facts.values())
    return Source(
        size if size <= MAX_SIZE_OF_ZIP else None,
        tag,
        lambda first: _skipped(zipped(files), first),
        changed=max(status.st_mtime for status in facts.values()),
    )


def source_of_bytes(content: bytes) -> Source:
    """Return content that is in memory as a source."""

    def pieces_from(first: int) -> Iterator[bytes]:
        for start in range(first, len(content), PIECE):
            yield content[start : start + PIECE]

    return Source(len(content), hashlib.sha256(content).hexdigest()[:32], pieces_from)


def resumable(
    request: HttpRequest, source: Source, name: str, content_type: str
) -> HttpResponse | StreamingHttpResponse:
    """Return a response that sends a source as a file of that name, or the range that is asked for.

    A range is answered with 206. One that begins after the end gets 416, with the size. With
    `If-Range` the range is sent only while the content is the one that the client began with;
    otherwise, and for a header that cannot be read, the whole content is sent.
    """
    wanted = _wanted(request, source)
    if wanted is not None and source.size is not None and wanted[0] >= source.size:
        refused = HttpResponse(status=416)
        refused["Content-Range"] = f"bytes */{source.size}"
        return refused
    first, last = wanted or (0, (source.size or 0) - 1)
    pieces = source.pieces_from(first)
    if source.size is not None:
        pieces = _limited(pieces, last + 1 - first)
    response = download(pieces, name, content_type)
    response["ETag"] = f'"{source.tag}"'
    if source.changed is not None:
        response["Last-Modified"] = http_date(source.changed)
    if source.size is not None:
        response["Accept-Ranges"] = "bytes"
        response["Content-Length"] = str(last + 1 - first)
    if wanted is not None:
        response.status_code = 206
        response["Content-Range"] = f"bytes {first}-{last}/{source.size}"
    return response


def _wanted(request: HttpRequest, source: Source) -> tuple[int, int] | None:
    """Return the first and the last byte that are asked for; None for the whole content."""
    asked = RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if asked is None or source.size is None or not _is_unchanged(request, source):
        return None
    first, last = asked.groups()
    if first:
        end = min(int(last), source.size - 1) if last else source.size - 1
        return None if last and int(last) < int(first) else (int(first), end)
    if not last:
        return None
    count = min(int(last), source.size)  # the last bytes
    return source.size - count, source.size - 1


def _is_unchanged(request: HttpRequest, source: Source) -> bool:
    """Whether `If-Range` names this content, or is not sent."""
    condition = request.headers.get("If-Range", "")
    if not condition:
        return True
    dated = source.changed is not None and condition == http_date(source.changed)
    return condition == f'"{source.tag}"' or dated


def _skipped(pieces: Iterator[bytes], count: int) -> Iterator[bytes]:
    """Yield what follows after so many bytes."""
    for piece in pieces:
        if count < len(piece):
            yield piece[count:]
        count = max(0, count - len(piece))


def _limited(pieces: Iterator[bytes], count: int) -> Iterator[bytes]:
    """Yield so many bytes."""
    for piece in pieces:
        yield piece[:count]
        count -= len(piece)
        if count <= 0:
            return


def _tag(*facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
