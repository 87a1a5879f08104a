"""Checking a stored table again, and deleting tables that no run uses."""

from __future__ import annotations

import io
from collections.abc import Iterable

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import RestrictedError

from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.estimators.tables.canonical import canonical_table
from webapp.limits import MEGABYTE
from webapp.tables.models import BenchmarkTable

from .column_mapping import read
from .mapping import Mapping


class CheckFailed(ValueError):
    """A stored table differs from what was imported, or its column mapping no longer fits."""


def check_again(table: BenchmarkTable) -> str:
    """Compare the table with its digest and column mapping, and store the new findings.

    Returns:
        A line for users.

    Raises:
        CheckFailed: the rows do not have the stored digest, or the mapping does not fit them.
    """
    limit = max(settings.TABLE_MEGABYTES * MEGABYTE, table.size_bytes)
    try:
        found = canonical_table(io.BytesIO(bytes(table.content)), str(table), limit)
        if found.digest != table.digest:
            raise CheckFailed(
                f"{table}: the rows have digest {found.digest[:12]}, expected {table.digest[:12]}"
            )
        reading = read(found, mapping_of(table), table.name)
    except InvalidSettings as error:
        raise CheckFailed(f"{table}: {error}") from None
    except EngineError as error:
        raise CheckFailed(str(error)) from None
    table.objectives, table.findings = reading.objectives, reading.findings
    table.save(update_fields=["objectives", "findings"])
    return f"{table}: {found.rows:,} rows, unchanged since the import"


def mapping_of(table: BenchmarkTable) -> Mapping:
    """Return the column mapping of a stored table."""
    return Mapping(
        space=table.space,
        space_config=table.space_config,
        datasets=tuple(table.datasets),
        columns=tuple(table.columns),
        report=tuple(table.report),
        architecture=table.architecture,
    )


def delete_unused(tables: Iterable[BenchmarkTable]) -> tuple[list[str], list[str]]:
    """Delete the tables that no run uses; return the names of the deleted and the kept ones."""
    deleted, kept = [], []
    for table in tables:
        name = str(table)
        try:
            with transaction.atomic():
                table.delete()
        except (RestrictedError, IntegrityError):  # a run uses it, perhaps launched just now
            kept.append(name)
        else:
            deleted.append(name)
    return deleted, kept
