"""Imported tables: how a question names one, and where its file lies.

A team's tables live in a database, which this engine knows nothing of. Whoever launches
there fixes the name to the SHA-256 of the table's rows, and whoever reads lets the file of
that digest lie in one folder; so a search keeps the table that it was begun with.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import EngineError

PREFIX = "table:"
MAX_NAME_LENGTH = 60
NAME = re.compile(rf"[a-z0-9][a-z0-9._-]{{0,{MAX_NAME_LENGTH - 1}}}", re.ASCII)
FORM = re.compile(rf"table:({NAME.pattern})(?:@([0-9a-f]{{64}}))?", re.ASCII)
NAME_RULE = (
    "a table's name has small letters, digits, dots, hyphens and underscores, begins with a "
    f"letter or digit and has at most {MAX_NAME_LENGTH} of them"
)
FILE_NAME = re.compile(r"[0-9a-f]{64}\.csv\.gz", re.ASCII)
PROJECT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class ImportedTable:
    """A table by its name; with a digest ("" without) it is one that never changes."""

    name: str
    digest: str = ""

    @property
    def path(self) -> str:
        """What stands in the setting `path`."""
        return f"{PREFIX}{self.name}@{self.digest}" if self.digest else f"{PREFIX}{self.name}"

    @property
    def label(self) -> str:
        """The table for people: its name and the beginning of its digest."""
        return f"{self.name}@{self.digest[:8]}" if self.digest else self.name

    @property
    def file(self) -> Path:
        """Where its rows lie on this machine.

        Raises:
            EngineError: it has no digest, so which rows are meant was never said.
        """
        if not self.digest:
            raise EngineError(
                f"{self.path} is a table of a team, and only a database knows it: launch the "
                "search there, or name a file .csv or .csv.gz"
            )
        return folder() / f"{self.digest}.csv.gz"


def imported_table(path: str) -> ImportedTable | None:
    """The imported table that the setting `path` names; None: it names a file.

    Raises:
        EngineError: it begins like one and has another form.
    """
    text = path.strip()
    if not text.startswith(PREFIX):
        return None
    if not (match := FORM.fullmatch(text)):
        raise EngineError(f"{text[:80]!r} is no imported table: write table:NAME; {NAME_RULE}")
    return ImportedTable(match[1], match[2] or "")


def folder() -> Path:
    """PARETOSCOPE_TABLES, else `tables` in the folder PARETOSCOPE_VAR or the project's `var`."""
    named = os.environ.get("PARETOSCOPE_TABLES")
    var = os.environ.get("PARETOSCOPE_VAR") or PROJECT / "var"
    return Path(named or Path(var) / "tables").absolute()
