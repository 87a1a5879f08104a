"""Importing a table: read it as text, hold it to its mapping, keep it for a team."""

from __future__ import annotations

import gzip
import re
from dataclasses import asdict, dataclass, replace
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction

from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.estimators.tables.canonical import CanonicalTable, canonical_table
from nasengine.estimators.tables.imported import NAME, NAME_RULE
from webapp.accounts.models import Team
from webapp.tables.models import BenchmarkTable

from .column_mapping import Mapping, Reading, check_mapping, read, words

MAX_NOTE = 300
MAX_DATASETS = 20
DATASET = re.compile(r"[\w.-]{1,40}", re.ASCII)
MEGABYTE = 1_000_000
SAME = ("digest", "space", "datasets", "columns", "report", "architecture")


@dataclass(frozen=True)
class Import:
    """A table of a team; `new` is False where the team had exactly this one under the name."""

    table: BenchmarkTable
    new: bool


def import_table(
    team: Any,
    user: Any,
    file: BinaryIO,
    name: str,
    mapping: Mapping,
    *,
    note: str = "",
) -> Import:
    """Keeps a CSV file, gzip'd or not, as the newest version of a team's table.

    Nothing in the file is executed, whatever it is. The same rows with the same mapping
    under the same name are not kept twice.

    Raises:
        InvalidSettings: names every wrong field: name, file, space, datasets, columns,
            report, architecture, note.
    """
    mapping = replace(
        mapping,
        datasets=words(mapping.datasets),
        columns=words(mapping.columns),
        report=words(mapping.report),
        architecture=mapping.architecture.strip(),
    )
    errors = {**_faults(name, mapping, note), **check_mapping(mapping)}
    found: CanonicalTable | None = None
    try:
        found = canonical_table(file, "the file", settings.TABLE_MEGABYTES * MEGABYTE)
    except EngineError as error:
        errors["file"] = str(error)
    if errors or found is None:
        raise InvalidSettings(errors)
    row = _row(found, read(found, mapping, name))
    row.team, row.created_by, row.name, row.note = team, user, name, note.strip()
    return _kept(row)


def _faults(name: str, mapping: Mapping, note: str) -> dict[str, str]:
    errors = {}
    if not name:
        errors["name"] = "is empty: write a short name, such as nb201"
    elif not NAME.fullmatch(name):
        errors["name"] = f"{name[:60]!r} is no name: {NAME_RULE}"
    if wrong := [word for word in mapping.datasets if not DATASET.fullmatch(word)]:
        errors["datasets"] = (
            f"{wrong[0][:60]!r} is no data set's word: letters, digits, dots, hyphens and "
            "underscores, at most 40"
        )
    elif len(mapping.datasets) > MAX_DATASETS:
        errors["datasets"] = f"has {len(mapping.datasets):,} words; at most {MAX_DATASETS}"
    if len(note.strip()) > MAX_NOTE:
        errors["note"] = f"has {len(note.strip()):,} characters; at most {MAX_NOTE}"
    elif "\0" in note:
        errors["note"] = "holds a NUL character, which no database text can; remove it"
    return errors


def _row(found: CanonicalTable, reading: Reading) -> BenchmarkTable:
    """A table as it is stored, not yet anybody's."""
    mapping = asdict(reading.mapping)
    return BenchmarkTable(
        **{key: list(v) if isinstance(v, tuple) else v for key, v in mapping.items()},
        header=list(found.header),
        rows=found.rows,
        objectives=reading.objectives,
        findings=reading.findings,
        digest=found.digest,
        size_bytes=len(found.text),
        content=gzip.compress(found.text, mtime=0),
    )


def _kept(row: BenchmarkTable) -> Import:
    with transaction.atomic():
        Team.objects.select_for_update(no_key=True).get(pk=row.team_id)  # versions one by one
        named = BenchmarkTable.objects.filter(team=row.team, name=row.name)
        latest = named.order_by("-version").first()
        if latest is not None and all(getattr(latest, k) == getattr(row, k) for k in SAME):
            return Import(latest, new=False)
        row.version = latest.version + 1 if latest is not None else 1
        row.save()
    return Import(row, new=True)
