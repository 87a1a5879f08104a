"""Imported tables: their names in search settings, and their files.

A team's tables are in the database of the web application. Launching a run pins the table's name
to the SHA-256 of its rows, and workers materialise the file of that digest in one folder, so a
search always reads the table that it was started with.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ...core.errors import EngineError
from ...core.pinned import NAME, Pinned, name_rule

__all__ = ["FILE_NAME", "NAME", "NAME_RULE", "ImportedTable", "folder", "imported_table"]

NAME_RULE = name_rule("table")
FILE_NAME = re.compile(r"[0-9a-f]{64}\.csv\.gz", re.ASCII)
PROJECT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class ImportedTable(Pinned):
    """A table's name, and the digest that pins its rows ("" if it is not pinned)."""

    prefix: ClassVar[str] = "table:"
    noun: ClassVar[str] = "table"
    kind: ClassVar[str] = "an imported table"

    @property
    def file(self) -> Path:
        """File of the rows on this machine.

        Raises:
            EngineError: the table has no digest, so its rows are not determined.
        """
        if not self.digest:
            raise EngineError(
                f"{self.path} is a table in the database of a team: launch the search in the web "
                "application, or choose a file .csv or .csv.gz"
            )
        return folder() / f"{self.digest}.csv.gz"


def imported_table(path: str) -> ImportedTable | None:
    """Return the imported table that the setting `path` names, None if it names a file.

    Raises:
        EngineError: the text starts with "table:" but is not a valid name.
    """
    return ImportedTable.of_path(path)


def folder() -> Path:
    """Return PARETOSCOPE_TABLES, or `tables` in PARETOSCOPE_VAR or the project's folder `var`."""
    tables = os.environ.get("PARETOSCOPE_TABLES")
    var = os.environ.get("PARETOSCOPE_VAR") or PROJECT / "var"
    return Path(tables or Path(var) / "tables").absolute()
