"""Checks of entries: a worker rebuilds the network, counts it and compares its outputs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from webapp.accounts.models import User
from webapp.accounts.permissions import AnyUser
from webapp.events.clean import clean_json
from webapp.jobs.models import OPEN_JOBS, JobState
from webapp.jobs.services import Held, announce, finish

from ..models import USABLE, CatalogueEntry, EntryCheck

QUEUE = "cpu"
TOLERANCE = 1e-4  # of outputs, as a share of the largest


def request_check(entry: CatalogueEntry, user: AnyUser | None = None) -> EntryCheck | None:
    """Queue a check of an entry; None if one is open already."""
    try:
        with transaction.atomic():
            check = EntryCheck.objects.create(
                entry=entry, queue=QUEUE, requested_by=user if isinstance(user, User) else None
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


def store_report(held: Held[EntryCheck], report: dict[str, Any]) -> bool:
    """End a check as done and store what it found; False if the claim is no longer valid."""
    report = clean_json(report)
    with transaction.atomic():
        entry_id = held.rows.values_list("entry_id", flat=True).first()
        if entry_id is None or not finish(held, JobState.DONE, report=report):
            return False
        values = {"network": report["network"]} if report.get("network") else {}
        # An update, not a save: a check is no change of the entry, so the history has no row.
        CatalogueEntry.objects.filter(pk=entry_id).update(
            checked_at=Now(),
            check_passed=not report.get("problems"),
            check_report={name: value for name, value in report.items() if name != "network"},
            **values,
        )
    return True
