"""Programs that a website hands out as one file which Python starts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

MOMENT = (1980, 1, 1, 0, 0, 0)  # the same bytes for the same version


def zipped_program(package: Path, files: Iterable[Path], start: str) -> bytes:
    """Return a zip archive that Python starts and from which it can import.

    Args:
        package: folder of the package.
        files: those of its modules that the program needs.
        start: source of the archive's `__main__.py`.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            name = f"{package.name}/{path.relative_to(package).as_posix()}"
            archive.writestr(_entry(name), path.read_bytes())
        archive.writestr(_entry("__main__.py"), start)
    return stream.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, MOMENT)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
