"""Share links: make, find by token, revoke."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from webapp.accounts.models import Team, User
from webapp.accounts.services import audit
from webapp.architectures.models import CatalogueEntry
from webapp.common.secret_tokens import new_token, used_token
from webapp.limits import MAX_NAME
from webapp.runs.models import Run, Study

from .models import Kind, Report, SavedComparison, ShareLink

PREFIX = "psh_"
DAYS = (1, 7, 30, 90)
MODELS: dict[str, Any] = {
    Kind.RUN: Run,
    Kind.STUDY: Study,
    Kind.COMPARISON: SavedComparison,
    Kind.REPORT: Report,
    Kind.ARCHITECTURE: CatalogueEntry,
}


@transaction.atomic
def share(user: User, kind: str, thing: Any, days: int) -> str:
    """Make a link to a thing of a team and return its token, which cannot be read again."""
    text, columns = new_token(PREFIX)
    name = str(getattr(thing, "name", "") or getattr(thing, "title", ""))[:MAX_NAME]
    link = ShareLink.objects.create(
        team=thing.team,
        kind=kind,
        object_id=thing.pk,
        title=name,
        created_by=user,
        expires_at=timezone.now() + timedelta(days=days),
        **columns,
    )
    done = f"shared {link} for {days} day{'' if days == 1 else 's'}"
    audit.record("share", done, user=user, team=thing.team, link="/reports/")
    return text


def link_of(token: str) -> ShareLink | None:
    """Return the valid link with this token, and note its use."""
    valid = ShareLink.objects.filter(revoked_at=None, expires_at__gt=Now())
    return used_token(valid.select_related("team"), token)


def thing_of(link: ShareLink) -> Any:
    """Return what a link shows; None if it was deleted."""
    return MODELS[link.kind].objects.filter(pk=link.object_id, team=link.team).first()


@transaction.atomic
def revoke(user: User, team: Team, pk: int) -> bool:
    """Revoke a link of the team at once; return False if there is no such valid link."""
    link = ShareLink.objects.filter(team=team, pk=pk, revoked_at=None).first()
    if link is None:
        return False
    ShareLink.objects.filter(pk=pk).update(revoked_at=Now())
    audit.record("share", f"revoked the link to {link}", user=user, team=team, link="/reports/")
    return True
