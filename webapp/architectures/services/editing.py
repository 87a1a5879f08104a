"""Notes and tags of entries, which every researcher of the team may change."""

from __future__ import annotations

from django.db import transaction

from webapp.accounts.permissions import AnyUser
from webapp.limits import MAX_ENTRY_NOTE, MAX_TAG, MAX_TAGS
from webapp.runs.services.launch import text_error

from ..models import CatalogueEntry
from .texts import Refused, checked_text, set_author


def describe(entry: CatalogueEntry, user: AnyUser, note: str, tags: str) -> CatalogueEntry:
    """Store the note and the tags of an entry.

    Args:
        entry: the entry.
        user: who writes.
        note: the whole note.
        tags: all tags, separated by commas.

    Raises:
        Refused: the note is too long, or a tag is not allowed.
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
        if (fresh.note, fresh.tags) != (note, chosen):
            fresh.note, fresh.tags = note, chosen
            set_author(fresh, user)
            fresh.save(update_fields=["note", "tags"])
    return fresh
