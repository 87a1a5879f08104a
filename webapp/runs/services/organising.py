"""Organising runs: names, tags, notes, stars, the archive, deletion."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.db import transaction
from django.db.models import ProtectedError, RestrictedError
from django.db.models.functions import Now

from webapp.accounts.models import User
from webapp.accounts.permissions import may
from webapp.accounts.services import audit
from webapp.common.edits import has_changed, version_of
from webapp.events.clean import clean_text
from webapp.limits import MAX_NAME, MAX_RUN_NOTE, MAX_TAG, MAX_TAGS
from webapp.runs.models import ENDED_RUNS, Run, Star

from .control import ControlRefused, stop
from .launch import text_error
from .locking import locked_run
from .record import record_log, record_run

CHANGED = (
    "were changed by another person or in another tab while you wrote; "
    "compare them with yours, and save again to replace them"
)


def edit_version(run: Run) -> str:
    """Return the version of name, tags and notes that a form shows."""
    return version_of(run.name, run.tags, run.note)


def describe(
    run: Run, user: User, name: str, tags: Iterable[str], note: str, *, version: str = ""
) -> dict[str, str]:
    """Store name, tags and notes of a run.

    Args:
        run: the run.
        user: who writes.
        name: the new name.
        tags: all tags.
        note: the whole note.
        version: from `edit_version`; if the stored texts have changed since, nothing is stored.

    Returns:
        A message for each wrong field, under `stored` that the texts have changed; empty if the
        values were stored.
    """
    unique = list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    errors = {"name": text_error(name, MAX_NAME) or "", "tags": _tags_error(unique)}
    if len(note) > MAX_RUN_NOTE:
        errors["note"] = f"must have at most {MAX_RUN_NOTE:,} characters (got {len(note):,})"
    errors = {field: text for field, text in errors.items() if text}
    if errors:
        return errors
    with locked_run(run.pk) as locked:
        if has_changed(version, locked.name, locked.tags, locked.note):
            return {"stored": CHANGED}
        if locked.name != name.strip():
            text = f"renamed from {locked.name} to {name.strip()} by {user.get_username()}"
            record_log(locked, "info", text)
        locked.name, locked.tags, locked.note = name.strip(), unique, clean_text(note)
        locked.save(update_fields=["name", "tags", "note"])
        record_run(locked)
    return {}


def add_tag(run: Run, user: User, tag: str) -> None:
    """Add a tag; a run that has it stays as it is.

    Raises:
        ControlRefused: the tag is not allowed, or the run has too many.
    """
    tag = tag.strip()
    with locked_run(run.pk) as locked:
        tags = list(dict.fromkeys([*locked.tags, tag]))
        if error := text_error(tag, MAX_TAG) or _tags_error(tags):
            raise ControlRefused(f"the tag {error}")
        locked.tags = tags
        locked.save(update_fields=["tags"])


def remove_tag(run: Run, user: User, tag: str) -> None:
    """Remove a tag; a run without it stays as it is."""
    with locked_run(run.pk) as locked:
        locked.tags = [own for own in locked.tags if own != tag.strip()]
        locked.save(update_fields=["tags"])


def archive(run: Run, user: User, _: str = "") -> None:
    """Take a run out of the lists; it can be restored.

    Raises:
        ControlRefused: the run has not ended.
    """
    with locked_run(run.pk) as locked:
        if locked.state not in ENDED_RUNS:
            raise ControlRefused(f"a {locked.state} run cannot be archived: stop it first")
        if locked.archived_at is None:
            locked.archived_at = Now()
            locked.save(update_fields=["archived_at"])
            record_log(locked, "info", f"archived by {user.get_username()}")


def restore(run: Run, user: User, _: str = "") -> None:
    """Put an archived run back into the lists."""
    with locked_run(run.pk) as locked:
        if locked.archived_at is not None:
            locked.archived_at = None
            locked.save(update_fields=["archived_at"])
            record_log(locked, "info", f"restored by {user.get_username()}")


def delete(run: Run, user: User, _: str = "") -> None:
    """Delete an archived run with its candidates; only who launched it or a curator may.

    Raises:
        ControlRefused: it is not archived, not ended or still in use, or the person may not.
    """
    with locked_run(run.pk) as locked:
        if locked.archived_at is None:
            raise ControlRefused("only archived runs can be deleted: archive it first")
        if locked.state not in ENDED_RUNS:
            raise ControlRefused(f"a {locked.state} run cannot be deleted: stop it first")
        if locked.created_by_id != user.pk and not may(user, "curate", locked.team):
            raise ControlRefused("only who launched it or a curator may delete it")
        text, team = f"deleted run {locked.pk} {locked.name}", locked.team
        try:
            with transaction.atomic():
                locked.delete()
                audit.record("control", text, user=user, team=team)
        except (ProtectedError, RestrictedError):
            raise ControlRefused("an evaluation uses one of its candidates") from None


def star(run: Run, user: User, _: str = "") -> None:
    """Mark the run for this person."""
    Star.objects.get_or_create(run=run, user=user)


def unstar(run: Run, user: User, _: str = "") -> None:
    """Remove the person's mark."""
    Star.objects.filter(run=run, user=user).delete()


def _stop(run: Run, user: User, _: str = "") -> None:
    stop(run, user)


# The actions of the batch bar: a function for one run, and the right that it needs.
BATCH: dict[str, tuple[Callable[[Run, User, str], None], str]] = {
    "tag": (add_tag, "control"),
    "untag": (remove_tag, "control"),
    "star": (star, "view"),
    "unstar": (unstar, "view"),
    "archive": (archive, "control"),
    "restore": (restore, "control"),
    "delete": (delete, "control"),
    "stop": (_stop, "control"),
}


def apply_batch(action: str, runs: Iterable[Run], user: User, text: str) -> tuple[int, list[str]]:
    """Do an action of `BATCH` with each run, each in its own transaction.

    Returns:
        How many runs it was done with, and why not with the others.
    """
    do, done, problems = BATCH[action][0], 0, []
    for run in runs:
        try:
            do(run, user, text)
        except ControlRefused as error:
            problems.append(f"{run.name}: {error}")
        except Run.DoesNotExist:
            problems.append(f"{run.name}: it was deleted meanwhile")
        else:
            done += 1
    return done, problems


def _tags_error(tags: list[str]) -> str:
    if len(tags) > MAX_TAGS:
        return f"must have at most {MAX_TAGS} tags (got {len(tags):,})"
    error = next((found for tag in tags if (found := text_error(tag, MAX_TAG))), None)
    return f"each tag {error}" if error else ""
