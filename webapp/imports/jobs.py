"""Imports of runs as jobs: a request stores the file, a process reads it (`webapp.uploads`)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.core.storage import Storage
from webapp.accounts.models import Team, User
from webapp.common.folders import folder_name
from webapp.datasets.services.storing import (
    data_storage,
    pieces_in,
    put_pieces,
    read_in_pieces,
    scratch_folder,
)
from webapp.events.clean import clean_json, clean_text
from webapp.limits import MAX_NAME, MAX_OPEN_IMPORTS, MEGABYTE
from webapp.uploads import jobs
from webapp.uploads.models import OPEN_IMPORTS, ImportState

from .models import RunImport
from .readers.files import read_upload
from .readers.recorded import RecordedRun
from .storing import describe, store_runs

KEPT_FOR = timedelta(days=7)


def file_place(job: RunImport) -> Storage:
    """Return the place of the file of an import."""
    return data_storage().within("imports").within(folder_name(job.pk, job.created_at))


def request_import(
    team: Team, user: User, file: BinaryIO, file_name: str, typed: dict[str, str]
) -> RunImport:
    """Store a file as an import that waits for a process.

    Args:
        team: the team that the runs will belong to.
        user: who imports them.
        file: the file, opened in binary mode.
        file_name: its name.
        typed: `name` of the run if the file holds one, and `objectives`.

    Raises:
        InvalidSettings: a field is wrong, or the team has too many imports.
    """
    if len(typed.get("name", "")) > MAX_NAME:
        raise InvalidSettings({"name": f"must have at most {MAX_NAME} characters"})
    with transaction.atomic():
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        jobs.check_open(RunImport, team, MAX_OPEN_IMPORTS, "Import runs")
        job = RunImport.objects.create(
            team=team,
            created_by=user,
            file_name=clean_text(file_name)[-200:] or "file",
            size_bytes=0,
            typed=clean_json(typed),
            state=ImportState.CANCELLED,  # until the file is stored
        )
    job.size_bytes = put_pieces(file_place(job), _bounded(job, file))
    job.state = ImportState.WAITING
    job.save(update_fields=["size_bytes", "state"])
    jobs.wake()
    return job


def run(job: RunImport) -> None:
    """Read the file of a claimed import and store its runs, or the reasons why not."""

    def read() -> Callable[[], dict[str, Any]]:
        found = _read(job)
        return lambda: describe(*store_runs(job.team, job.created_by, found, job.file_name))

    jobs.attempt(job, read)
    if not RunImport.objects.filter(pk=job.pk, state__in=OPEN_IMPORTS).exists():
        file_place(job).clear()


def sweep() -> None:
    """Delete imports that ended long ago."""
    old = RunImport.objects.exclude(state__in=OPEN_IMPORTS).filter(created_at__lt=Now() - KEPT_FOR)
    for job in old:
        file_place(job).clear()
    old.delete()


def named(runs: list[RecordedRun], name: str) -> list[RecordedRun]:
    """Return the runs; a single one has this name unless it is ""."""
    return [replace(runs[0], name=name)] if name and len(runs) == 1 else runs


def _read(job: RunImport) -> list[RecordedRun]:
    scratch = scratch_folder()
    uploaded = scratch / "uploaded"
    try:
        _fetch(job, uploaded)
        wanted = job.typed.get("objectives", "")
        runs = read_upload(uploaded, job.file_name, scratch, wanted)
        return named(runs, job.typed.get("name", "").strip())
    except EngineError as error:
        field = "objectives" if "has no value" in str(error) else "file"
        text = str(error).replace(f"{scratch}/content/", "").replace(str(scratch), "the file")
        raise InvalidSettings({field: text}) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _fetch(job: RunImport, path: Path) -> None:
    with path.open("xb") as file:
        for piece in pieces_in(file_place(job)):
            file.write(piece)


def _bounded(job: RunImport, file: BinaryIO) -> Iterator[bytes]:
    """Yield the pieces of a file; one that is too large or empty leaves nothing behind."""
    size, limit = 0, settings.DATA_MEGABYTES
    for piece in read_in_pieces(file):
        size += len(piece)
        if size > limit * MEGABYTE:
            break
        yield piece
    if not size or size > limit * MEGABYTE:
        file_place(job).clear()
        job.delete()
        text = f"has more than {limit:,} MB: leave out what is not needed" if size else "is empty"
        raise InvalidSettings({"file": text})
