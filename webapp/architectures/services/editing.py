"""Notes and tags of entries, which every researcher of the team may change."""

from __future__ import annotations

from django.db import transaction

from webapp.accounts.permissions import AnyUser
from webapp.common.edits import has_changed, version_of
from webapp.limits import MAX_ENTRY_NOTE, MAX_TAG, MAX_TAGS
from webapp.runs.services.launch import text_error

from ..models import CatalogueEntry
from .texts import Refused, checked_text, set_author


def edit_version(entry: CatalogueEntry) -> str:
    """Return the version of note and tags that a form shows."""
    return version_of(entry.note, entry.tags)


def describe(
    entry: CatalogueEntry, user: AnyUser, note: str, tags: str, *, version: str = ""
) -> CatalogueEntry:
    """Store the note and the tags of an entry.

    Args:
        entry: the entry.
        user: who writes.
        note: the whole note.
        tags: all tags, separated by commas.
        version: from `edit_version`; empty: what is stored is replaced unseen.

    Raises:
        Refused: the note is too long, a tag is not allowed, or the stored texts have changed.
    """
    note = checked_text(note, "The note", MAX_ENTRY_NOTE)
    chosen = list(dict.fromkeys(tag for part in tags.split(",") if (tag := part.strip())))
    if len(chosen) > MAX_TAGS:
        raise Refused(f"An entry has at most {MAX_TAGS} tags (got {len(chosen):,})")
    for tag in chosen:
        if error := text_error(tag, MAX_TAG):
            raise Refused(f"Each tag {error}")
    with transaction.atomic():
        fresh = CatalogueEntry.objects.select_for_update(of=("self",)).get(pk=entry.pk)
        if has_changed(version, fresh.note, fresh.tags):
            stored = ", ".join(filter(None, [fresh.note, *fresh.tags])) or "nothing"
            raise Refused(
                "Note or tags were changed by another person or in another tab while you wrote; "
                f"save again to replace what is stored now: {stored}"
            )
        if (fresh.note, fresh.tags) != (note, chosen):
            fresh.note, fresh.tags = note, chosen
            set_author(fresh, user)
            fresh.save(update_fields=["note", "tags"])
    return fresh
