"""Imports as jobs: a request stores the file, a process claims it, imports it and finishes it.

The database is the source of truth. A claim is a conditional update with a fencing number and is
renewed by heartbeats, so an import may be started twice, late or again after a crash, and stores
its table once.
"""

from __future__ import annotations

import gzip
import io
import logging
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from nasengine.core.errors import InvalidSettings
from webapp.accounts.models import Team, User
from webapp.common.messages import (
    IMPORT_TABLES,
    Announcement,
    send_after_commit,
)
from webapp.common.queue_names import COORDINATOR_QUEUE
from webapp.events.clean import clean_json, clean_text
from webapp.limits import MAX_KEPT_UPLOADS, MAX_OPEN_IMPORTS
from webapp.tables.models import OPEN_IMPORTS, ImportState, TableImport

from .column_mapping import Mapping
from .importing import check_quota, prepare, settings_errors, store, tidy

log = logging.getLogger(__name__)
SEPARATORS = re.compile(r"[,\n]")
MAX_CLAIMS = 3
KEPT_FOR = timedelta(days=7)  # an upload that was not imported
GZIP_MAGIC = b"\x1f\x8b"
CHUNK = 1 << 20


class ClaimLost(Exception):
    """Another process imports the file, or the import was cancelled."""


def mapping_of(typed: dict[str, str]) -> Mapping:
    """Return the column mapping that the fields of the form describe."""
    columns, report, datasets = (
        tuple(SEPARATORS.split(typed.get(name, ""))) for name in ("columns", "report", "datasets")
    )
    return tidy(
        Mapping(
            space=typed.get("space", ""),
            architecture=typed.get("architecture", ""),
            columns=columns,
            report=report,
            datasets=datasets,
        )
    )


def request_import(
    team: Team, user: User, file: BinaryIO, file_name: str, typed: dict[str, str]
) -> TableImport:
    """Store an uploaded file as an import that waits for a process.

    Raises:
        InvalidSettings: a setting is wrong, or the team has too many imports or tables.
    """
    _check(typed)
    content, size = _packed(file)
    with transaction.atomic():
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        imports = TableImport.objects.filter(team=team)
        if imports.filter(state__in=OPEN_IMPORTS).count() >= MAX_OPEN_IMPORTS:
            raise InvalidSettings(
                {
                    "file": f"{MAX_OPEN_IMPORTS} imports of {team} are not finished: wait for "
                    "them or cancel one on the page Benchmark tables"
                }
            )
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
    _wake()
    return job


def request_again(job: TableImport, typed: dict[str, str]) -> None:
    """Let an import that failed or was cancelled wait again, with other settings.

    Raises:
        InvalidSettings: a setting is wrong, or the file is no longer stored.
    """
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
    _wake()


def cancel(job: TableImport) -> None:
    """Cancel an import: at once if it waits, otherwise at the next heartbeat of its process."""
    with transaction.atomic():
        waiting = TableImport.objects.filter(pk=job.pk, state=ImportState.WAITING)
        if not waiting.update(state=ImportState.CANCELLED, ended_at=Now()):
            running = TableImport.objects.filter(pk=job.pk, state=ImportState.RUNNING)
            running.update(cancel_requested=True)


def waiting_imports() -> bool:
    """Return whether an import waits, or lost its process."""
    return TableImport.objects.filter(_claimable()).exists()


def claim() -> TableImport | None:
    """Claim the oldest import that waits or lost its process; None if there is none."""
    with transaction.atomic():
        rows = TableImport.objects.filter(_claimable()).order_by("pk")
        job = rows.select_for_update(skip_locked=True, of=("self",)).first()
        if job is None:
            return None
        if job.cancel_requested or job.attempts >= MAX_CLAIMS:
            _give_up(job)
            return claim()
        job.fence, job.attempts = job.fence + 1, job.attempts + 1
        job.state, job.progress, job.heartbeat_at = ImportState.RUNNING, 0.0, Now()
        job.save(update_fields=["state", "fence", "attempts", "heartbeat_at", "progress"])
    return job


def beat(job: TableImport, progress: float) -> str:
    """Renew the claim and store the progress; return "go", "cancel" or "lost"."""
    if not _claimed(job).update(heartbeat_at=Now(), progress=progress):
        return "lost"
    cancelled = _claimed(job).values_list("cancel_requested", flat=True).first()
    return "cancel" if cancelled else "go"


def release(job: TableImport, *, cancelled: bool = False) -> None:
    """Stop importing: the import ends as cancelled, or waits for another process."""
    if cancelled:
        _claimed(job).update(state=ImportState.CANCELLED, ended_at=Now())
    else:
        _claimed(job).update(state=ImportState.WAITING, attempts=job.attempts - 1)


def run(job: TableImport, file: BinaryIO) -> None:
    """Import the file of a claimed import and store the result with the table, or the reasons.

    The table and the end of the import are committed together, and only by the process with the
    newest claim.
    """
    name, note = job.typed.get("name", ""), job.typed.get("note", "")
    try:
        row = prepare(file, name, mapping_of(job.typed), note)
        row.team, row.created_by = job.team, job.created_by
        with transaction.atomic():
            done = store(row)
            _finish(job, ImportState.DONE, table=done.table, is_new=done.new, content=None)
    except ClaimLost:
        log.info("%s: not stored, because the claim was lost", job)
    except InvalidSettings as error:
        _finish_failed(job, error.errors)
    except MemoryError:
        _finish_failed(job, {"file": "needs more memory than there is: remove rows or columns"})
    except Exception as error:
        log.exception("%s failed", job)
        _finish_failed(job, {"file": f"could not be imported ({type(error).__name__}: {error})"})


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


def _check(typed: dict[str, str]) -> None:
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


def _claimable() -> Q:
    lost = Q(state=ImportState.RUNNING, heartbeat_at__lt=Now() - settings.LEASE_LENGTH)
    return Q(state=ImportState.WAITING) | lost


def _claimed(job: TableImport) -> Any:
    return TableImport.objects.filter(pk=job.pk, state=ImportState.RUNNING, fence=job.fence)


def _give_up(job: TableImport) -> None:
    """End an import, locked by this transaction, that must not be claimed again."""
    text = (
        f"ended the importing process {MAX_CLAIMS} times, perhaps because it needs more memory "
        "than there is: remove rows or columns"
    )
    job.state = ImportState.CANCELLED if job.cancel_requested else ImportState.FAILED
    job.errors = {} if job.cancel_requested else {"file": text}
    job.ended_at = Now()
    job.save(update_fields=["state", "errors", "ended_at"])


def _finish(
    job: TableImport, state: ImportState, errors: dict[str, str] | None = None, **values: Any
) -> None:
    """End a claimed import.

    Raises:
        ClaimLost: another process has claimed it, or it ended.
    """
    ended = _claimed(job).update(state=state, errors=errors or {}, ended_at=Now(), **values)
    if not ended:
        raise ClaimLost


def _finish_failed(job: TableImport, errors: dict[str, str]) -> None:
    try:
        _finish(job, ImportState.FAILED, {name: clean_text(text) for name, text in errors.items()})
    except ClaimLost:
        log.info("%s: its errors are not stored, because the claim was lost", job)


def _wake() -> None:
    send_after_commit(Announcement(IMPORT_TABLES, COORDINATOR_QUEUE))
