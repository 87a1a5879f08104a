"""Archives: zip files whose bytes follow from their content."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...core.errors import EngineError
from ...core.text import shorten

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can hold
MODE = 0o100644 << 16
SUMS = "SHA256SUMS"
SAFE_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*")
STREAM_BYTES = 2**20


def safe_name(text: str, limit: int = 80) -> str:
    """Return a file name: ASCII letters, digits, dots, hyphens; other characters as hyphens."""
    return re.sub(r"[^A-Za-z0-9_.]+", "-", text).strip("-.")[:limit] or "network"


def write_archive(path: Path, files: Mapping[str, bytes | Path]) -> None:
    """Write files and their checksums into a zip file; it appears once it is complete.

    Times and permissions are fixed and the order is that of the names, so equal files give equal
    bytes.

    Args:
        path: The archive; its folder is created if it is missing.
        files: Relative path with forward slashes -> content, or a file to copy.

    Raises:
        EngineError: a path is not a plain relative one, or the archive cannot be written.
    """
    for name in files:
        if not SAFE_PATH.fullmatch(name) or name == SUMS:
            raise EngineError(
                f"{shorten(name)} cannot be in an archive: use letters, digits, _ . - + and /"
            )
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            sums = {name: _add(archive, name, files[name]) for name in sorted(files)}
            text = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
            _add(archive, SUMS, text.encode())
        part.replace(path)
    except OSError as error:
        reason = error.strerror or error
        raise EngineError(f"{path} cannot be written ({reason}): choose another folder") from None
    finally:
        part.unlink(missing_ok=True)


def npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return arrays as a .npz file; equal arrays give equal bytes."""
    buffer = io.BytesIO()
    np.savez(buffer, **{name: arrays[name] for name in sorted(arrays)})  # type: ignore[arg-type]
    return buffer.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes | Path) -> str:
    """Add one file and return its SHA-256."""
    info = zipfile.ZipInfo(name, EPOCH)
    info.external_attr = MODE
    info.compress_type = zipfile.ZIP_DEFLATED
    sha = hashlib.sha256()
    source = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
    with source, archive.open(info, "w", force_zip64=True) as target:
        while block := source.read(STREAM_BYTES):
            sha.update(block)
            target.write(block)
    return sha.hexdigest()
