"""Aliases: names of a team such as `champion`, each of which points at one entry in use."""

from __future__ import annotations

import re

from django.db import transaction

from webapp.accounts.models import Team, User
from webapp.accounts.permissions import AnyUser
from webapp.limits import MAX_ALIAS

from ..models import USABLE, Alias, CatalogueEntry
from .moves import may_decide
from .texts import Refused, set_author

FORM = re.compile(r"[a-z][a-z0-9-]*")
SUGGESTED = ("champion", "edge")


def point(entry: CatalogueEntry, name: str, user: AnyUser) -> Alias:
    """Point an alias at an entry: create it, or move it from another entry of the team.

    Raises:
        Refused: the name has another form, the entry is not in use, or the user may not decide.
    """
    name = name.strip().lower()
    if len(name) > MAX_ALIAS or not FORM.fullmatch(name):
        raise Refused(
            f"an alias has 1 to {MAX_ALIAS} small letters, digits and hyphens and begins with a "
            "letter, as in champion"
        )
    with transaction.atomic():
        Team.objects.select_for_update().get(pk=entry.team_id)
        fresh = CatalogueEntry.objects.select_for_update(of=("self",)).get(pk=entry.pk)
        _check_may(fresh, user)
        if fresh.stage not in USABLE:
            raise Refused(f"{fresh.name} is {fresh.stage}: only approved entries have aliases")
        alias = Alias.objects.filter(team=fresh.team, name=name).first()
        if alias is not None and alias.entry_id == fresh.pk:
            raise Refused(f"{name} points at {fresh.name} already")
        alias = alias or Alias(team=fresh.team, name=name)
        alias.entry, alias.moved_by = fresh, user if isinstance(user, User) else None
        set_author(alias, user)
        alias.save()
    return alias


def remove(entry: CatalogueEntry, name: str, user: AnyUser) -> None:
    """Remove an alias from an entry; its history stays.

    Raises:
        Refused: the alias does not point at the entry, or the user may not decide.
    """
    _check_may(entry, user)
    alias = Alias.objects.filter(team=entry.team, entry=entry, name=name.strip().lower()).first()
    if alias is None:
        raise Refused(f"no alias {name[:MAX_ALIAS]} points at {entry.name}")
    set_author(alias, user)
    alias.delete()


def _check_may(entry: CatalogueEntry, user: AnyUser) -> None:
    if not may_decide(user, entry):
        raise Refused(f"you need the curator role in {entry.team} to move aliases")
