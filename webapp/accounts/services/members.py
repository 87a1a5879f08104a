"""Members of a team: change a role, remove, leave; each change is in the audit trail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from webapp.accounts.models import Membership, Role, Team, User
from webapp.accounts.owners import LastOwner

from . import audit


def change_role(membership: Membership, role: str, by: User) -> None:
    """Give a member another role.

    Raises:
        LastOwner: the team would be left without an owner.
        ValidationError: there is no such role.
    """
    if role not in Role.values:
        raise ValidationError(f"There is no role {role[:40]!r}.")
    with _keeping_an_owner(membership):
        before = membership.get_role_display()
        membership.role = role
        membership.save(update_fields=["role"])
        audit.record(
            "member",
            f"changed the role of {membership.user} from {before} to {Role(role).label}",
            user=by,
            team=membership.team,
        )


def remove(membership: Membership, by: User) -> None:
    """Remove a member from the team, or let the member leave it.

    Raises:
        LastOwner: the team would be left without an owner.
    """
    with _keeping_an_owner(membership):
        text = "left the team" if membership.user_id == by.pk else f"removed {membership.user}"
        team: Team = membership.team
        membership.delete()
        audit.record("member", text, user=by, team=team)


@contextmanager
def _keeping_an_owner(membership: Membership) -> Iterator[None]:
    """A transaction that leaves the team with an owner.

    The trigger of the database also sees what another request does at the same time.
    """
    try:
        with transaction.atomic():
            yield
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS team_keeps_an_owner IMMEDIATE")
                cursor.execute("SET CONSTRAINTS team_keeps_an_owner DEFERRED")
    except IntegrityError:
        raise LastOwner(membership) from None
