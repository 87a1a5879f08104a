"""Versions: an entry that replaces another is the next version of it."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from webapp.accounts.permissions import AnyUser

from ..models import CatalogueEntry
from .texts import Refused, set_author


def supersede(entry: CatalogueEntry, older: CatalogueEntry, user: AnyUser) -> CatalogueEntry:
    """Make an entry the next version of another one, which it supersedes.

    Args:
        entry: an entry that is no version of another.
        older: any version of the entry that is superseded.
        user: who says so.

    Raises:
        Refused: the entries are of two teams or the same, or the new one has versions already.
    """
    with transaction.atomic():
        rows = CatalogueEntry.objects.select_for_update(of=("self",)).order_by("pk")
        locked = {row.pk: row for row in rows.filter(pk__in=[entry.pk, older.pk])}
        new, old = locked[entry.pk], locked[older.pk]
        if new.pk == old.pk:
            raise Refused(f"{new.name} cannot be a version of itself: choose another entry")
        if new.team_id != old.team_id:
            raise Refused("both entries must belong to the same team")
        if new.first_version_id or new.later_versions.exists():
            raise Refused(f"{new.name} has other versions already: choose an entry without any")
        line = versions_of(old)
        new.first_version_id = old.line
        new.version = (line.aggregate(top=Max("version"))["top"] or 1) + 1
        set_author(new, user, f"new version of {old.name}")
        new.save(update_fields=["first_version", "version"])
    return new


def versions_of(entry: CatalogueEntry) -> QuerySet[CatalogueEntry]:
    """Return the entry and its other versions, the newest first."""
    line = Q(pk=entry.line) | Q(first_version_id=entry.line)
    return CatalogueEntry.objects.filter(line, team_id=entry.team_id).order_by("-version", "-pk")
