"""Materialising imported tables: write a copy to this machine's table folder for the engine.

The database is the source of truth. The files are a cache, named by digest, and are written when
a process is about to read one that is missing.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasengine.core.errors import EngineError
from nasengine.estimators.tables.imported import FILE_NAME, ImportedTable, folder, imported_table
from webapp.tables.models import BenchmarkTable


def imported_table_of(spec: Mapping[str, Any]) -> ImportedTable | None:
    """Return the imported table that search settings (JSON) name, None if they name none.

    Raises:
        EngineError: the name has a wrong form.
    """
    config = spec.get("estimator_config")
    if spec.get("estimator") != "table" or not isinstance(config, Mapping):
        return None
    path = config.get("path")
    return imported_table(path) if isinstance(path, str) else None


def materialise_table(spec: Mapping[str, Any]) -> None:
    """Write the table of search settings (JSON) to this machine unless it is there already.

    A digest that no table has is ignored; the engine reports that the table is missing.

    Raises:
        EngineError: the file cannot be written; the message names the folder and the reason.
    """
    try:
        table = imported_table_of(spec)
    except EngineError:
        return  # a name of a wrong form names no imported table
    if table is None or not table.digest or table.file.exists():
        return
    rows = BenchmarkTable.objects.filter(digest=table.digest)
    content = rows.values_list("content", flat=True).first()
    if content is not None:
        _write(table.file, bytes(content))


def sweep_tables() -> int:
    """Delete the files of tables that are no longer in the database; return how many."""
    if not folder().is_dir():
        return 0
    files = {path.name[:64]: path for path in folder().iterdir() if FILE_NAME.match(path.name)}
    kept = BenchmarkTable.objects.filter(digest__in=files).values_list("digest", flat=True)
    unused = files.keys() - set(kept)
    for digest in unused:
        files[digest].unlink(missing_ok=True)
    return len(unused)


def _write(path: Path, content: bytes) -> None:
    """Write the file atomically, so that no reader sees half of it."""
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise EngineError(
            f"the table cannot be written to {path.parent} ({error.strerror}): free some space "
            "and let this process write there, or set PARETOSCOPE_TABLES to another folder"
        ) from None
