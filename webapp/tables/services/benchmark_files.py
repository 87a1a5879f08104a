"""Archives of benchmarks: a table with a Croissant file that has its column mapping."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from typing import Any, BinaryIO

from django.conf import settings

from nasengine.core.errors import InvalidSettings
from webapp.limits import MEGABYTE

TABLE, METADATA, SETTINGS = "table.csv", "croissant.json", "paretoscope:search"
MAX_METADATA_BYTES = 1_000_000
DAMAGED = (zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError, RecursionError)
LISTS = {"columns": "\n", "datasets": ","}


def opened(file: BinaryIO, typed: dict[str, Any]) -> tuple[BinaryIO, dict[str, Any]]:
    """Return the table of an archive, and the fields with those that were left empty filled in.

    A file that is no zip archive is returned as it is.

    Raises:
        InvalidSettings: the archive is no benchmark, damaged or too large.
    """
    if not zipfile.is_zipfile(file):
        file.seek(0)
        return file, typed
    try:
        with zipfile.ZipFile(file) as archive:
            table = _read(archive, TABLE, settings.TABLE_MEGABYTES * MEGABYTE)
            about = json.loads(_read(archive, METADATA, MAX_METADATA_BYTES))
        found = dict(about[SETTINGS])
        filled = {name: _text(name, found[name]) for name in ("space", "architecture", *LISTS)}
        config = dict(found["space_config"])
    except (
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        KeyError,
        TypeError,
        RecursionError,
    ) as error:
        text = f"is no archive of a benchmark with {TABLE} and {METADATA} ({error})"
        raise InvalidSettings({"file": text}) from None
    kept = {name: value for name, value in typed.items() if value}
    return io.BytesIO(table), {**filled, **kept, "space_config": config}


def _read(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    info = archive.getinfo(name)
    if info.file_size > most:
        raise ValueError(f"{name} has more than {most / MEGABYTE:g} MB")
    return archive.read(info)


def _text(name: str, value: Any) -> str:
    return LISTS[name].join(map(str, value)) if name in LISTS else str(value)
