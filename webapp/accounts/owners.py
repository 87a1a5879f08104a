"""Every team keeps an owner, whatever the path on which members are changed or deleted.

Signals refuse such a change with a message; a trigger of the database (migration
0002_keep_an_owner) also refuses what sends no signal, and what two transactions do at once.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.db.models.signals import post_delete, pre_save

from .models import Membership, Role, Team


class LastOwner(ValidationError):
    """A team would be left without an owner."""

    def __init__(self, membership: Membership):
        super().__init__(
            f"{membership.user} is the last owner of {membership.team}: make another member an "
            "owner first, or delete the team",
            code="last_owner",
        )


def check_may_lose(membership: Membership) -> None:
    """Check that the team has another owner, so that this one may get another role.

    Raises:
        LastOwner: it has none.
    """
    owners = Membership.objects.filter(team=membership.team_id, role=Role.OWNER)
    if not owners.exclude(pk=membership.pk).exists():
        raise LastOwner(membership)


def connect() -> None:
    """Connect the signals; called once, when the application is loaded."""
    pre_save.connect(_check_change, sender=Membership, dispatch_uid="last owner: change")
    post_delete.connect(_check_deletion, sender=Membership, dispatch_uid="last owner: deletion")


def _check_change(instance: Membership, **_: Any) -> None:
    stored = Membership.objects.filter(pk=instance.pk, role=Role.OWNER).first()
    if stored and (instance.role != Role.OWNER or instance.team_id != stored.team_id):
        check_may_lose(stored)


def _check_deletion(instance: Membership, origin: Any = None, **_: Any) -> None:
    """Check what is left after all memberships of this deletion are gone; raising undoes it."""
    if instance.role == Role.OWNER and not _is_of(origin, Team):
        check_may_lose(instance)


def _is_of(origin: Any, model: type[Model]) -> bool:
    """Return whether a deletion began with this model; it deletes the members with the team."""
    found = origin.model if isinstance(origin, QuerySet) else type(origin)
    return isinstance(found, type) and issubclass(found, model)
