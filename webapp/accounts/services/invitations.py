"""Invitations by link: create, revoke, accept once."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from webapp.accounts.models import Invitation, Membership, Role, Team, User
from webapp.common.secret_tokens import new_token, token_with

from . import audit

PREFIX = "nasi_"
DAYS = 7


def invite(team: Team, by: User, role: str, note: str = "", days: int = DAYS) -> str:
    """Create an invitation and return the secret part of its link, which cannot be read again."""
    text, columns = new_token(PREFIX)
    Invitation.objects.create(
        team=team,
        role=role,
        note=note,
        created_by=by,
        expires_at=timezone.now() + timedelta(days=days),
        **columns,
    )
    whom = f" {note}" if note else ""
    label = Role(role).label.lower()
    audit.record("invitation", f"invited{whom or ' a person'} as {label}", user=by, team=team)
    return text


def open_invitations() -> QuerySet[Invitation]:
    """Return the invitations that can still be accepted."""
    return Invitation.objects.filter(
        accepted_at=None, revoked_at=None, expires_at__gt=Now()
    ).select_related("team", "created_by")


def invitation_of(text: str) -> Invitation | None:
    """Return the invitation with this text if it can still be accepted."""
    return token_with(open_invitations(), text)


def revoke(team: Team, pk: int, by: User) -> bool:
    """Revoke an open invitation of the team; return False if there is none."""
    found = open_invitations().filter(team=team, pk=pk).first()
    if found is None or not Invitation.objects.filter(pk=pk, accepted_at=None).update(
        revoked_at=Now()
    ):
        return False
    audit.record("invitation", f"revoked the {found}", user=by, team=team)
    return True


@transaction.atomic
def accept(invitation: Invitation, user: User) -> bool:
    """Add the user to the team with the role of the invitation, and use the invitation up.

    A member keeps the role, and the invitation stays open.

    Returns:
        Whether the user is a new member. False also if another request was quicker.
    """
    if Membership.objects.filter(team=invitation.team, user=user).exists():
        return False
    valid = open_invitations().filter(pk=invitation.pk)
    if not valid.update(accepted_at=Now(), accepted_by=user):
        return False
    Membership.objects.create(team=invitation.team, user=user, role=invitation.role)
    label = Role(invitation.role).label.lower()
    text = f"joined the team as {label} by the {invitation}"
    audit.record("member", text, user=user, team=invitation.team)
    return True
