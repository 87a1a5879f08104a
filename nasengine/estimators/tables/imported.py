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

from ...core.errors import EngineError
from ...core.text import shorten

PREFIX = "table:"
MAX_NAME_LENGTH = 60
NAME = re.compile(rf"[a-z0-9][a-z0-9._-]{{0,{MAX_NAME_LENGTH - 1}}}", re.ASCII)
FORM = re.compile(rf"table:({NAME.pattern})(?:@([0-9a-f]{{64}}))?", re.ASCII)
NAME_RULE = (
    "a table's name has lower-case letters, digits, dots, hyphens and underscores, starts with "
    f"a letter or digit and has at most {MAX_NAME_LENGTH} characters"
)
FILE_NAME = re.compile(r"[0-9a-f]{64}\.csv\.gz", re.ASCII)
PROJECT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class ImportedTable:
    """A table's name, and the digest that pins its rows ("" if it is not pinned)."""

    name: str
    digest: str = ""

    @property
    def path(self) -> str:
        """Value of the setting `path`."""
        return f"{PREFIX}{self.name}@{self.digest}" if self.digest else f"{PREFIX}{self.name}"

    @property
    def label(self) -> str:
        """Name and abbreviated digest, for messages and pages."""
        return f"{self.name}@{self.digest[:8]}" if self.digest else self.name

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
    text = path.strip()
    if not text.startswith(PREFIX):
        return None
    if not (match := FORM.fullmatch(text)):
        raise EngineError(
            f"{shorten(text, 80)} is not an imported table: write table:NAME; {NAME_RULE}"
        )
    return ImportedTable(match[1], match[2] or "")


def folder() -> Path:
    """Return PARETOSCOPE_TABLES, or `tables` in PARETOSCOPE_VAR or the project's folder `var`."""
    tables = os.environ.get("PARETOSCOPE_TABLES")
    var = os.environ.get("PARETOSCOPE_VAR") or PROJECT / "var"
    return Path(tables or Path(var) / "tables").absolute()
