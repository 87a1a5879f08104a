"""Permissions: what a user may do in a team. Every check goes through this module."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from .models import Membership, Role, Team, User

AnyUser = User | AnonymousUser

ROLE_ORDER = [Role.VIEWER, Role.RESEARCHER, Role.CURATOR, Role.OWNER]
MIN_ROLE = {
    "view": Role.VIEWER,
    "launch": Role.RESEARCHER,
    "control": Role.RESEARCHER,
    "keep": Role.RESEARCHER,
    "import": Role.RESEARCHER,
    "curate": Role.CURATOR,
    "manage": Role.OWNER,
}


def role_in(user: AnyUser, team: Team) -> str | None:
    """Return the user's role in the team, None if the user is not a member."""
    if not user.is_authenticated:
        return None
    return Membership.objects.filter(user=user, team=team).values_list("role", flat=True).first()


def may(user: AnyUser, action: str, team: Team) -> bool:
    """Return whether the user may do `action`, one of the keys of MIN_ROLE, in the team."""
    return may_with(role_in(user, team), action)


def may_with(role: str | None, action: str) -> bool:
    """Return whether a role in a team allows `action`; None is no role."""
    return role is not None and ROLE_ORDER.index(Role(role)) >= ROLE_ORDER.index(MIN_ROLE[action])


def users_who_may(action: str, team_id: int, users: Iterable[Any]) -> set[Any]:
    """Return those of the users (by primary key) who may do `action` in the team: one query."""
    members = Membership.objects.filter(team_id=team_id, user_id__in=list(users))
    return set(members.filter(role__in=_roles_for(action)).values_list("user_id", flat=True))


def _roles_for(action: str) -> list[Role]:
    """Return the roles that may do `action`."""
    return ROLE_ORDER[ROLE_ORDER.index(MIN_ROLE[action]) :]


def teams_of(user: AnyUser) -> QuerySet[Team]:
    """Return the user's teams by name."""
    if not isinstance(user, User):
        return Team.objects.none()
    return Team.objects.filter(memberships__user=user)


def teams_where(user: AnyUser, action: str) -> QuerySet[Team]:
    """Return the teams in which the user may do `action`."""
    if not isinstance(user, User):
        return Team.objects.none()
    # One call of filter, so that user and role are those of the same membership.
    return Team.objects.filter(memberships__user=user, memberships__role__in=_roles_for(action))


def may_enter_admin(user: AnyUser) -> bool:
    """Return whether the user may open the admin: curators, owners and administrators."""
    if not user.is_authenticated or not user.is_active:
        return False
    return user.is_superuser or teams_where(user, "curate").exists()


def administrators() -> QuerySet[User]:
    """Return the site's administrators who can sign in."""
    return User.objects.filter(is_active=True, is_superuser=True)


def is_last_administrator(user: User) -> bool:
    """Return whether the site would be without an administrator if this user were none."""
    return list(administrators().values_list("pk", flat=True)[:2]) == [user.pk]
