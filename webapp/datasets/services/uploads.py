"""Uploads of data sets as jobs: a request stores the file, a process reads it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Now

from nasengine.core.errors import InvalidSettings
from nasengine.core.pinned import NAME, name_rule
from nasengine.core.text import shorten
from webapp.accounts.models import Team, User
from webapp.accounts.services import audit
from webapp.datasets.models import DataUpload, TeamData
from webapp.events.clean import clean_json, clean_text
from webapp.limits import MAX_NOTE, MAX_OPEN_IMPORTS, MEGABYTE
from webapp.uploads import jobs
from webapp.uploads.models import OPEN_IMPORTS, ImportState

from .reading import Content, read_content
from .storing import is_complete, pieces_in, put_pieces, read_in_pieces, upload_place

KEPT_FOR = timedelta(days=7)  # a file that was not read
MAX_KEPT = 3  # files of a team that can be tried again


def request_upload(
    team: Team, user: User | None, file: BinaryIO, file_name: str, typed: dict[str, str]
) -> DataUpload:
    """Store a file as an upload that waits for a process.

    Args:
        team: the team that the data set will belong to.
        user: who uploads it; None for the command line.
        file: the file, opened in binary mode.
        file_name: its name with the ending of its form.
        typed: `name` and `note`.

    Raises:
        InvalidSettings: a field is wrong, or the team has too many uploads or data.
    """
    _check(typed)
    with transaction.atomic():
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        jobs.check_open(DataUpload, team, MAX_OPEN_IMPORTS, "Data")
        check_quota(team, 0)
        upload = DataUpload.objects.create(
            team=team,
            created_by=user,
            file_name=clean_text(file_name)[-200:] or "data",
            size_bytes=0,
            typed=clean_json(typed),
            state=ImportState.CANCELLED,  # until the file is stored
        )
    size = put_pieces(upload_place(upload), _bounded(upload, file))
    upload.size_bytes, upload.state = size, ImportState.WAITING
    with transaction.atomic():
        upload.save(update_fields=["size_bytes", "state"])
        audit.record(
            "launch",
            f"uploaded the file {upload.file_name} as data set {typed['name']}",
            user=user,
            who="" if user is not None else "the command line",
            team=team,
            link=f"/data/uploads/{upload.pk}/",
        )
        jobs.wake()
    _drop_old_files(team)
    return upload


def request_again(upload: DataUpload, typed: dict[str, str]) -> None:
    """Let an upload that failed or was cancelled wait again, with another name or note.

    Raises:
        InvalidSettings: a field is wrong, or the file is no longer stored.
    """
    _check(typed)
    ended = DataUpload.objects.filter(
        pk=upload.pk, state__in=(ImportState.FAILED, ImportState.CANCELLED), has_file=True
    )
    if not is_complete(upload_place(upload)) or not ended.update(
        state=ImportState.WAITING,
        typed=clean_json(typed),
        errors={},
        progress=0.0,
        cancel_requested=False,
        ended_at=None,
        attempts=0,
    ):
        raise InvalidSettings({"file": "is no longer stored: choose the file again"})
    jobs.wake()


def run(upload: DataUpload, progress: Callable[[float], None] = lambda share: None) -> None:
    """Read the file of a claimed upload and store the data set with its report, or the reasons."""

    def read() -> Callable[[], dict[str, Any]]:
        content = read_content(_fetched(upload, progress), upload.file_name, upload.typed["name"])
        progress(1.0)

        def stored() -> dict[str, Any]:
            data, is_new = _store(upload, content)
            return {"data": data, "is_new": is_new, "has_file": False}

        return stored

    jobs.attempt(upload, read)
    if not DataUpload.objects.filter(pk=upload.pk, has_file=True).exists():
        upload_place(upload).clear()


def discard(upload: DataUpload) -> None:
    """Delete an upload that is not running, with its file."""
    rows = DataUpload.objects.filter(pk=upload.pk).exclude(state=ImportState.RUNNING)
    if rows.delete()[0]:
        upload_place(upload).clear()


def sweep_uploads() -> None:
    """Delete uploads that ended long ago; their files follow."""
    old = DataUpload.objects.exclude(state__in=OPEN_IMPORTS)
    old.filter(created_at__lt=Now() - KEPT_FOR).delete()


def check_quota(team: Team, more_bytes: int) -> None:
    """Check that the team may store so many more bytes of data.

    Raises:
        InvalidSettings: the team's data would be larger than DATA_QUOTA_MEGABYTES.
    """
    rows = TeamData.objects.filter(team=team)
    stored = rows.aggregate(total=Sum("size_bytes"))["total"] or 0
    if stored + more_bytes > settings.DATA_QUOTA_MEGABYTES * MEGABYTE:
        raise InvalidSettings(
            {
                "file": f"{team} has {stored / MEGABYTE:,.0f} of "
                f"{settings.DATA_QUOTA_MEGABYTES:,} MB of data: delete data sets that no run "
                "uses, or ask an administrator to raise DATA_QUOTA_MEGABYTES"
            }
        )


def _check(typed: dict[str, str]) -> None:
    errors = {}
    name, note = typed.get("name", ""), typed.get("note", "").strip()
    if not name:
        errors["name"] = "must not be empty: write a short name such as flowers"
    elif not NAME.fullmatch(name):
        errors["name"] = f"{shorten(name)} is not allowed: {name_rule('data set')}"
    if len(note) > MAX_NOTE:
        errors["note"] = f"must have at most {MAX_NOTE} characters (got {len(note):,})"
    if errors:
        raise InvalidSettings(errors)


def _bounded(upload: DataUpload, file: BinaryIO) -> Any:
    """Yield the pieces of a file; one that is too large or empty leaves nothing behind."""
    size, limit = 0, settings.DATA_MEGABYTES
    problem = ""
    for piece in read_in_pieces(file):
        size += len(piece)
        if size > limit * MEGABYTE:
            problem = f"has more than {limit:,} MB: leave out pictures or make them smaller"
            break
        yield piece
    if not size:
        problem = "is empty: choose another file"
    if problem:
        upload_place(upload).clear()
        upload.delete()
        raise InvalidSettings({"file": problem})


def _fetched(upload: DataUpload, progress: Callable[[float], None]) -> Any:
    """Return a function that writes the uploaded file to a path."""

    def fetch(path: Path) -> None:
        written = 0
        with path.open("xb") as file:
            for piece in pieces_in(upload_place(upload)):
                written += file.write(piece)
                progress(written / max(upload.size_bytes, 1) / 2)

    return fetch


def _store(upload: DataUpload, content: Content) -> tuple[TeamData, bool]:
    """Store the data set as the next version of its name, unless the newest one is the same."""
    team, name = upload.team, upload.typed["name"]
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    latest = TeamData.objects.filter(team=team, name=name).order_by("-version").first()
    if latest is not None and latest.digest == content.digest:
        return latest, False
    check_quota(team, content.size_bytes)
    return TeamData.objects.create(
        team=team,
        name=name,
        version=latest.version + 1 if latest is not None else 1,
        note=upload.typed.get("note", "").strip(),
        file_name=upload.file_name,
        created_by=upload.created_by,
        **content.columns,
    ), True


def _drop_old_files(team: Team) -> None:
    """Delete the files of all but the newest uploads that ended without a data set."""
    ended = DataUpload.objects.filter(team=team, has_file=True).exclude(state__in=OPEN_IMPORTS)
    for upload in ended.order_by("-pk")[MAX_KEPT:]:
        DataUpload.objects.filter(pk=upload.pk).update(has_file=False)
        upload_place(upload).clear()
