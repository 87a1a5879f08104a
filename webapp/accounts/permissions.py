"""May this person do that in this team? The one place that answers."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser

from .models import Membership, Role, Team, User

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


def role_in(user: User | AnonymousUser, team: Team) -> str | None:
    """The person's role in the team, None for a stranger."""
    if not user.is_authenticated:
        return None
    return Membership.objects.filter(user=user, team=team).values_list("role", flat=True).first()


def may(user: User | AnonymousUser, action: str, team: Team) -> bool:
    """Whether the person may do `action`, one of those in MIN_ROLE."""
    role = role_in(user, team)
    return role is not None and ROLE_ORDER.index(Role(role)) >= ROLE_ORDER.index(MIN_ROLE[action])


def teams_of(user: User | AnonymousUser):
    """The teams a person belongs to, by name."""
    return (
        Team.objects.filter(memberships__user=user)
        if user.is_authenticated
        else Team.objects.none()
    )


def teams_where(user: User | AnonymousUser, action: str):
    """The teams in which the person may do `action`."""
    roles = ROLE_ORDER[ROLE_ORDER.index(MIN_ROLE[action]) :]
    return teams_of(user).filter(memberships__user=user, memberships__role__in=roles)


def may_enter_admin(user: User | AnonymousUser) -> bool:
    """Whether the admin is open: to curators and owners of any team, and administrators."""
    if not user.is_authenticated or not user.is_active:
        return False
    return user.is_superuser or teams_where(user, "curate").exists()
