"""Checks of entries: a worker rebuilds the network, counts it and compares its outputs."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from webapp.accounts.models import User
from webapp.accounts.permissions import AnyUser
from webapp.jobs.models import OPEN_JOBS, Priority
from webapp.jobs.services import announce

from ..models import USABLE, CatalogueEntry, EntryCheck

QUEUE = "cpu"


def request_check(entry: CatalogueEntry, user: AnyUser | None = None) -> EntryCheck | None:
    """Queue a check of an entry; None if one is open already.

    Checks that a person asked for take their turn with runs; nightly ones come after them.
    """
    asked = isinstance(user, User)
    try:
        with transaction.atomic():
            check = EntryCheck.objects.create(
                entry=entry,
                queue=QUEUE,
                requested_by=user if isinstance(user, User) else None,
                priority=Priority.NORMAL if asked else Priority.LOW,
            )
    except IntegrityError:
        return None
    announce([QUEUE])
    return check


def due_entries() -> QuerySet[CatalogueEntry]:
    """Return the entries that the nightly check covers now.

    Approved and deployed ones that were not checked in the last day, and any that have no table
    of their network; without those that a check of the last day, or an open one, already covers.
    """
    since = Now() - timedelta(seconds=settings.CATALOGUE_CHECK_SECONDS)
    recent = Q(state__in=OPEN_JOBS) | Q(created_at__gt=since)
    checks = EntryCheck.objects.filter(recent, entry=OuterRef("pk"))
    wanted = Q(stage__in=USABLE) | Q(checked_at=None)
    return CatalogueEntry.objects.filter(wanted).exclude(Exists(checks)).order_by("pk")


def request_due_checks(limit: int = 100) -> int:
    """Queue a check of every entry that is due; return how many."""
    return sum(request_check(entry) is not None for entry in due_entries()[:limit])
