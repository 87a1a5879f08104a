"""Imports of tables as jobs: a request stores the file, a process imports it (`webapp.uploads`)."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, BinaryIO

from django.db import transaction
from django.db.models.functions import Now

from nasengine.core.errors import InvalidSettings
from webapp.accounts.models import Team, User
from webapp.events.clean import clean_json, clean_text
from webapp.limits import MAX_KEPT_UPLOADS, MAX_OPEN_IMPORTS
from webapp.tables.models import OPEN_IMPORTS, ImportState, TableImport
from webapp.uploads import jobs as upload_jobs
from webapp.uploads.jobs import beat, cancel, release

from . import benchmark_files
from .importing import check_quota, prepare, settings_errors, store, tidy
from .mapping import Mapping

__all__ = ["beat", "cancel", "release"]
SEPARATORS = re.compile(r"[,\n]")
KEPT_FOR = timedelta(days=7)  # an upload that was not imported
GZIP_MAGIC = b"\x1f\x8b"
CHUNK = 1 << 20


def mapping_of(typed: dict[str, Any]) -> Mapping:
    """Return the column mapping that the fields of the form describe."""
    columns, report, datasets = (
        tuple(SEPARATORS.split(typed.get(name, ""))) for name in ("columns", "report", "datasets")
    )
    return tidy(
        Mapping(
            space=typed.get("space", ""),
            space_config=dict(typed.get("space_config") or {}),
            architecture=typed.get("architecture", ""),
            columns=columns,
            report=report,
            datasets=datasets,
        )
    )


def request_import(
    team: Team, user: User, file: BinaryIO, file_name: str, typed: dict[str, Any]
) -> TableImport:
    """Store an uploaded file as an import that waits for a process.

    Raises:
        InvalidSettings: a setting is wrong, or the team has too many imports or tables.
    """
    file, typed = benchmark_files.opened(file, typed)
    _check(typed)
    content, size = _packed(file)
    with transaction.atomic():
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        imports = TableImport.objects.filter(team=team)
        upload_jobs.check_open(TableImport, team, MAX_OPEN_IMPORTS, "Benchmark tables")
        check_quota(team, 0)
        job = TableImport.objects.create(
            team=team,
            created_by=user,
            file_name=clean_text(file_name)[:200] or "table.csv",
            content=content,
            size_bytes=size,
            typed=clean_json(typed),
        )
        kept = imports.exclude(state__in=OPEN_IMPORTS).exclude(content=None).values_list("pk")
        imports.filter(pk__in=kept[MAX_KEPT_UPLOADS:]).update(content=None)
    upload_jobs.wake()
    return job


def request_again(job: TableImport, typed: dict[str, Any]) -> None:
    """Let an import that failed or was cancelled wait again, with other settings.

    Raises:
        InvalidSettings: a setting is wrong, or the file is no longer stored.
    """
    if "space_config" in job.typed and typed.get("space") == job.typed.get("space"):
        typed = {**typed, "space_config": job.typed["space_config"]}
    _check(typed)
    ended = (ImportState.FAILED, ImportState.CANCELLED)
    stored = TableImport.objects.filter(pk=job.pk, state__in=ended).exclude(content=None)
    changed = stored.update(
        state=ImportState.WAITING,
        typed=clean_json(typed),
        errors={},
        progress=0.0,
        cancel_requested=False,
        ended_at=None,
        attempts=0,
    )
    if not changed:
        raise InvalidSettings({"file": "is no longer stored: choose the file again"})
    upload_jobs.wake()


def waiting_imports() -> bool:
    """Return whether an import waits, or lost its process."""
    return upload_jobs.waits(TableImport)


def claim() -> TableImport | None:
    """Claim the oldest import that waits or lost its process; None if there is none."""
    return upload_jobs.claim(TableImport)


def run(job: TableImport, file: BinaryIO) -> None:
    """Import the file of a claimed import and store the result with the table, or the reasons."""
    name, note = job.typed.get("name", ""), job.typed.get("note", "")

    def read() -> Callable[[], dict[str, Any]]:
        row = prepare(file, name, mapping_of(job.typed), note)
        row.team, row.created_by = job.team, job.created_by

        def stored() -> dict[str, Any]:
            done = store(row)
            return {"table": done.table, "is_new": done.new, "content": None}

        return stored

    upload_jobs.attempt(job, read)


def has_file(job: TableImport) -> bool:
    """Return whether the uploaded file is still stored."""
    return TableImport.objects.filter(pk=job.pk).exclude(content=None).exists()


def discard(job: TableImport) -> None:
    """Delete an import that is not running, with its file."""
    TableImport.objects.filter(pk=job.pk).exclude(state=ImportState.RUNNING).delete()


def content_of(job: TableImport) -> io.BytesIO:
    """Return the uploaded file."""
    content = TableImport.objects.values_list("content", flat=True).get(pk=job.pk)
    return io.BytesIO(bytes(content or b""))


def sweep_imports() -> None:
    """Delete imports that ended long ago, with their files."""
    old = TableImport.objects.exclude(state__in=OPEN_IMPORTS)
    old.filter(ended_at__lt=Now() - KEPT_FOR).delete()


def _check(typed: dict[str, Any]) -> None:
    errors = settings_errors(typed.get("name", ""), mapping_of(typed), typed.get("note", ""))
    if errors:
        raise InvalidSettings(errors)


def _packed(file: BinaryIO) -> tuple[bytes, int]:
    """Return the file compressed with gzip, and its size as uploaded."""
    first = file.read(CHUNK)
    if first.startswith(GZIP_MAGIC):
        content = first + file.read()
        return content, len(content)
    packed, size = io.BytesIO(), 0
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1, mtime=0) as target:
        for chunk in _chunks(first, file):
            size += target.write(chunk)
    return packed.getvalue(), size


def _chunks(first: bytes, file: BinaryIO) -> Iterable[bytes]:
    while first:
        yield first
        first = file.read(CHUNK)
