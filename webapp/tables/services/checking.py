"""Looking at a kept table again, and letting go of those that no run rests on."""

from __future__ import annotations

import io
from collections.abc import Iterable

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import RestrictedError

from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.estimators.tables.canonical import canonical_table
from webapp.tables.models import BenchmarkTable

from .column_mapping import Mapping, read
from .importing import MEGABYTE


class CheckFailed(ValueError):
    """A table is no longer what was imported, or no longer understood; says why."""


def check_again(table: BenchmarkTable) -> str:
    """Unpacks the table, holds it to its digest and its mapping, stores what is found.

    Returns a line for people.

    Raises:
        CheckFailed: the rows are not those of the digest, or the mapping no longer suits.
    """
    limit = max(settings.TABLE_MEGABYTES * MEGABYTE, table.size_bytes)
    try:
        found = canonical_table(io.BytesIO(bytes(table.content)), str(table), limit)
        if found.digest != table.digest:
            raise CheckFailed(f"{table}: its rows have the digest {found.digest[:12]}, not its own")
        reading = read(found, mapping_of(table), table.name)
    except InvalidSettings as error:
        raise CheckFailed(f"{table}: {error}") from None
    except EngineError as error:
        raise CheckFailed(str(error)) from None
    table.objectives, table.findings = reading.objectives, reading.findings
    table.save(update_fields=["objectives", "findings"])
    return f"{table}: {found.rows:,} rows, as they were imported"


def mapping_of(table: BenchmarkTable) -> Mapping:
    """What the table's columns mean, as it was given or filled in."""
    return Mapping(
        table.space,
        tuple(table.datasets),
        tuple(table.columns),
        tuple(table.report),
        table.architecture,
    )


def delete_unused(tables: Iterable[BenchmarkTable]) -> tuple[list[str], list[str]]:
    """Deletes the tables on which no run rests; the names of those deleted and those kept."""
    deleted, kept = [], []
    for table in tables:
        word = str(table)
        try:
            with transaction.atomic():
                table.delete()
        except (RestrictedError, IntegrityError):  # a run of it, or one launched just now
            kept.append(word)
        else:
            deleted.append(word)
    return deleted, kept
