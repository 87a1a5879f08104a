"""Importing a table: read it as text, check it against its column mapping, store it."""

from __future__ import annotations

import gzip
import re
from dataclasses import asdict, dataclass, replace
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.core.text import shorten
from nasengine.estimators.tables.canonical import CanonicalTable, canonical_table
from nasengine.estimators.tables.imported import NAME, NAME_RULE
from webapp.accounts.models import Team, User
from webapp.limits import MAX_NOTE, MAX_TABLE_DATASETS, MEGABYTE
from webapp.tables.models import BenchmarkTable

from .column_mapping import Reading, check_mapping, read, unique_texts
from .mapping import Mapping

DATASET = re.compile(r"[\w.-]{1,40}", re.ASCII)
SAME = ("digest", "space", "space_config", "datasets", "columns", "report", "architecture")


@dataclass(frozen=True)
class Import:
    """A table of a team; `new` is False if the team already had exactly this table."""

    table: BenchmarkTable
    new: bool


def import_table(
    team: Team,
    user: User | None,
    file: BinaryIO,
    name: str,
    mapping: Mapping,
    *,
    note: str = "",
) -> Import:
    """Store a CSV file, plain or gzip, as the newest version of a team's table.

    The file is read as text; nothing in it is executed. The same rows with the same mapping and
    name are not stored twice.

    Args:
        team: the team that the table belongs to.
        user: who imports it; None for the command line.
        file: the file, opened in binary mode.
        name: the name by which runs refer to the table.
        mapping: what the columns mean.
        note: a remark for the team.

    Raises:
        InvalidSettings: names every wrong field: name, file, space, datasets, columns,
            report, architecture, note.
    """
    row = prepare(file, name, mapping, note)
    row.team, row.created_by = team, user
    return store(row)


def prepare(file: BinaryIO, name: str, mapping: Mapping, note: str = "") -> BenchmarkTable:
    """Read and check a file; return its table without a team, for `store`.

    Raises:
        InvalidSettings: as `import_table`.
    """
    mapping = tidy(mapping)
    errors = settings_errors(name, mapping, note)
    found: CanonicalTable | None = None
    try:
        found = canonical_table(file, "the file", settings.TABLE_MEGABYTES * MEGABYTE)
    except EngineError as error:
        errors["file"] = str(error)
    if errors or found is None:
        raise InvalidSettings(errors)
    row = _row(found, read(found, mapping, name))
    row.name, row.note = name, note.strip()
    return row


def tidy(mapping: Mapping) -> Mapping:
    """Return the mapping without spaces, empty texts and repetitions."""
    return replace(
        mapping,
        datasets=unique_texts(mapping.datasets),
        columns=unique_texts(mapping.columns),
        report=unique_texts(mapping.report),
        architecture=mapping.architecture.strip(),
    )


def settings_errors(name: str, mapping: Mapping, note: str) -> dict[str, str]:
    """Return the errors of an import that do not depend on the file, by field."""
    return {**_errors(name, mapping, note), **check_mapping(mapping)}


def _errors(name: str, mapping: Mapping, note: str) -> dict[str, str]:
    errors = {}
    if not name:
        errors["name"] = "must not be empty: write a short name such as nb201"
    elif not NAME.fullmatch(name):
        errors["name"] = f"{shorten(name)} is not allowed: {NAME_RULE}"
    if wrong := [word for word in mapping.datasets if not DATASET.fullmatch(word)]:
        errors["datasets"] = (
            f"{shorten(wrong[0])} is not allowed: use at most 40 letters, digits, dots, hyphens "
            "and underscores"
        )
    elif len(mapping.datasets) > MAX_TABLE_DATASETS:
        errors["datasets"] = (
            f"must have at most {MAX_TABLE_DATASETS} names (got {len(mapping.datasets):,})"
        )
    if len(note.strip()) > MAX_NOTE:
        errors["note"] = f"must have at most {MAX_NOTE} characters (got {len(note.strip()):,})"
    elif "\0" in note:
        errors["note"] = "must not contain a NUL character: remove it"
    return errors


def _row(table: CanonicalTable, reading: Reading) -> BenchmarkTable:
    """A table row without team, name and version."""
    mapping = asdict(reading.mapping)
    return BenchmarkTable(
        **{key: list(v) if isinstance(v, tuple) else v for key, v in mapping.items()},
        header=list(table.header),
        rows=table.rows,
        objectives=reading.objectives,
        findings=reading.findings,
        digest=table.digest,
        size_bytes=len(table.text),
        content=gzip.compress(table.text, mtime=0),
    )


def check_quota(team: Team, more_bytes: int) -> None:
    """Check that the team may store so many more bytes of tables.

    Raises:
        InvalidSettings: the team's tables would be larger than TABLE_QUOTA_MEGABYTES.
    """
    tables = BenchmarkTable.objects.filter(team=team)
    stored = tables.aggregate(total=Sum("size_bytes"))["total"] or 0
    if stored + more_bytes > settings.TABLE_QUOTA_MEGABYTES * MEGABYTE:
        raise InvalidSettings(
            {
                "file": f"{team} has {stored / MEGABYTE:,.1f} of "
                f"{settings.TABLE_QUOTA_MEGABYTES:,} MB of tables: delete unused tables in the "
                "admin, or ask an administrator to raise TABLE_QUOTA_MEGABYTES"
            }
        )


def store(row: BenchmarkTable) -> Import:
    """Store a prepared table as the next version of its name, unless the newest one equals it.

    Raises:
        InvalidSettings: the team's tables would be too large.
    """
    with transaction.atomic():
        # The lock makes concurrent imports number their versions one after the other.
        Team.objects.select_for_update(no_key=True).get(pk=row.team_id)
        named = BenchmarkTable.objects.filter(team=row.team, name=row.name)
        latest = named.order_by("-version").first()
        if latest is not None and all(getattr(latest, k) == getattr(row, k) for k in SAME):
            return Import(latest, new=False)
        check_quota(row.team, row.size_bytes)
        row.version = latest.version + 1 if latest is not None else 1
        row.save()
    return Import(row, new=True)
