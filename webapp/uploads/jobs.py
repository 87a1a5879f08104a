"""Uploaded files as jobs: a process claims one, reads it and finishes it.

The database is the source of truth. A claim is a conditional update with a fencing number and is
renewed by heartbeats, so a file may be read twice, late or again after a crash, and its rows are
stored once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from nasengine.core.errors import InvalidSettings
from webapp.common.messages import IMPORT_TABLES, Announcement, send_after_commit
from webapp.common.queue_names import COORDINATOR_QUEUE
from webapp.events.clean import clean_text

from .models import OPEN_IMPORTS, ImportState, UploadJob

log = logging.getLogger(__name__)
MAX_CLAIMS = 3
U = TypeVar("U", bound=UploadJob)


class ClaimLost(Exception):
    """Another process reads the file, or the import was cancelled."""


def wake() -> None:
    """After commit, announce that a file waits."""
    send_after_commit(Announcement(IMPORT_TABLES, COORDINATOR_QUEUE))


def check_open(model: type[U], team: Any, most: int, page: str) -> None:
    """Check that a team, locked by this transaction, has fewer than `most` open imports.

    Raises:
        InvalidSettings: it has as many.
    """
    if model._default_manager.filter(team=team, state__in=OPEN_IMPORTS).count() >= most:
        raise InvalidSettings(
            {
                "file": f"{most} imports of {team} are not finished: wait for "
                f"them or cancel one on the page {page}"
            }
        )


def cancel(job: UploadJob) -> None:
    """Cancel an import: at once if it waits, otherwise at the next heartbeat of its process."""
    rows = type(job)._default_manager.filter(pk=job.pk)
    with transaction.atomic():
        waiting = rows.filter(state=ImportState.WAITING)
        if not waiting.update(state=ImportState.CANCELLED, ended_at=Now()):
            rows.filter(state=ImportState.RUNNING).update(cancel_requested=True)


def waits(model: type[U]) -> bool:
    """Return whether a file waits, or lost its process."""
    return model._default_manager.filter(_claimable()).exists()


def claim(model: type[U]) -> U | None:
    """Claim the oldest file that waits or lost its process; None if there is none."""
    with transaction.atomic():
        rows = model._default_manager.filter(_claimable()).order_by("pk")
        job = rows.select_for_update(skip_locked=True, of=("self",)).first()
        if job is None:
            return None
        if job.cancel_requested or job.attempts >= MAX_CLAIMS:
            _give_up(job)
            return claim(model)
        job.fence, job.attempts = job.fence + 1, job.attempts + 1
        job.state, job.progress, job.heartbeat_at = ImportState.RUNNING, 0.0, Now()
        job.save(update_fields=["state", "fence", "attempts", "heartbeat_at", "progress"])
    return job


def beat(job: UploadJob, progress: float) -> str:
    """Renew the claim and store the progress; return "go", "cancel" or "lost"."""
    if not _claimed(job).update(heartbeat_at=Now(), progress=progress):
        return "lost"
    cancelled = _claimed(job).values_list("cancel_requested", flat=True).first()
    return "cancel" if cancelled else "go"


def release(job: UploadJob, *, cancelled: bool = False) -> None:
    """Stop reading: the import ends as cancelled, or waits for another process."""
    if cancelled:
        _claimed(job).update(state=ImportState.CANCELLED, ended_at=Now())
    else:
        _claimed(job).update(state=ImportState.WAITING, attempts=job.attempts - 1)


def attempt(job: UploadJob, read: Callable[[], Callable[[], dict[str, Any]]]) -> None:
    """Read the file of a claimed import and end the import with its rows, or with the reasons.

    Args:
        job: the claimed import.
        read: reads the file; what it returns stores the rows and returns columns of the import.
            The rows and the end of the import are committed together, and only by the process
            with the newest claim.
    """
    try:
        store = read()
        with transaction.atomic():
            finish(job, ImportState.DONE, **store())
    except ClaimLost:
        log.info("%s: not stored, because the claim was lost", job)
    except InvalidSettings as error:
        _finish_failed(job, error.errors)
    except MemoryError:
        _finish_failed(job, {"file": "needs more memory than there is: remove rows or columns"})
    except Exception as error:
        log.exception("%s failed", job)
        _finish_failed(job, {"file": f"could not be imported ({type(error).__name__}: {error})"})


def finish(
    job: UploadJob, state: ImportState, errors: dict[str, str] | None = None, **values: Any
) -> None:
    """End a claimed import.

    Raises:
        ClaimLost: another process has claimed it, or it ended.
    """
    ended = _claimed(job).update(state=state, errors=errors or {}, ended_at=Now(), **values)
    if not ended:
        raise ClaimLost


def _claimable() -> Q:
    lost = Q(state=ImportState.RUNNING, heartbeat_at__lt=Now() - settings.LEASE_LENGTH)
    return Q(state=ImportState.WAITING) | lost


def _claimed(job: UploadJob) -> Any:
    return type(job)._default_manager.filter(pk=job.pk, state=ImportState.RUNNING, fence=job.fence)


def _give_up(job: UploadJob) -> None:
    """End an import, locked by this transaction, that must not be claimed again."""
    text = (
        f"ended the importing process {MAX_CLAIMS} times, perhaps because it needs more memory "
        "than there is: make the file smaller"
    )
    job.state = ImportState.CANCELLED if job.cancel_requested else ImportState.FAILED
    job.errors = {} if job.cancel_requested else {"file": text}
    job.ended_at = Now()
    job.save(update_fields=["state", "errors", "ended_at"])


def _finish_failed(job: UploadJob, errors: dict[str, str]) -> None:
    try:
        finish(job, ImportState.FAILED, {name: clean_text(text) for name, text in errors.items()})
    except ClaimLost:
        log.info("%s: its errors are not stored, because the claim was lost", job)
