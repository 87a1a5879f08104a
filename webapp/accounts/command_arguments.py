"""Arguments of commands that name a team or a user."""

from __future__ import annotations

from django.core.management.base import CommandError

from .models import Team, User
from .permissions import may


def team_named(slug: str) -> Team:
    """Return the team with this slug; the first team if the slug is empty.

    Raises:
        CommandError: there is no such team; the message lists the existing ones.
    """
    teams = Team.objects.filter(slug=slug) if slug else Team.objects.order_by("pk")
    team = teams.first()
    if team is None:
        slugs = ", ".join(Team.objects.values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"no team {slug!r}: choose one of {slugs}")
    return team


def user_named(name: str) -> User | None:
    """Return the user with this name; None if the name is empty.

    Raises:
        CommandError: there is no such user.
    """
    if not name:
        return None
    user = User.objects.filter(username=name).first()
    if user is None:
        raise CommandError(f"no user {name!r}: give the name that the user signs in with")
    return user


def check_may(user: User | None, action: str, team: Team) -> None:
    """Check the role of a user named on the command line; without a user everything is allowed.

    Raises:
        CommandError: the user's role in the team is too low.
    """
    if user is not None and not may(user, action, team):
        raise CommandError(f"{user} may not {action} in {team}: name another user or team")
