"""Laying an imported table down where the engine of this machine reads it.

The database is the truth; the files are copies, named by digest, made when somebody is about
to read one that is missing.
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
    """The imported table on which a question (JSON) searches; None: on none.

    Raises:
        EngineError: it is named in another form.
    """
    config = spec.get("estimator_config")
    if spec.get("estimator") != "table" or not isinstance(config, Mapping):
        return None
    path = config.get("path")
    return imported_table(path) if isinstance(path, str) else None


def materialise_table(spec: Mapping[str, Any]) -> None:
    """Has the table of a question (JSON) lie on this machine; one look where it does already.

    A digest that no table has is left alone: the engine says that it is not there.

    Raises:
        EngineError: the file cannot be written; says where and why.
    """
    try:
        table = imported_table_of(spec)
    except EngineError:
        return  # no name of an imported table, so there is none to lay down
    if table is None or not table.digest or table.file.exists():
        return
    found = BenchmarkTable.objects.filter(digest=table.digest)
    content = found.values_list("content", flat=True).first()
    if content is not None:
        _write(table.file, bytes(content))


def sweep_tables() -> int:
    """Deletes the files of tables that are no longer in the database; returns how many."""
    if not folder().is_dir():
        return 0
    files = {path.name[:64]: path for path in folder().iterdir() if FILE_NAME.match(path.name)}
    known = BenchmarkTable.objects.filter(digest__in=files).values_list("digest", flat=True)
    gone = files.keys() - set(known)
    for digest in gone:
        files[digest].unlink(missing_ok=True)
    return len(gone)


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing: whoever reads meanwhile finds no half of a file."""
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise EngineError(
            f"the table cannot be laid down in {path.parent} ({error.strerror}): make room and "
            "let this process write there, or name another folder in PARETOSCOPE_TABLES"
        ) from None
