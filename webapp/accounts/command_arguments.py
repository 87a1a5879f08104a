"""Teams and people as commands name them."""

from __future__ import annotations

from django.core.management.base import CommandError

from .models import Team, User
from .permissions import may


def team_named(slug: str) -> Team:
    """The team of a slug; the first one where it is empty.

    Raises:
        CommandError: there is none; lists those that are.
    """
    teams = Team.objects.filter(slug=slug) if slug else Team.objects.order_by("pk")
    team = teams.first()
    if team is None:
        known = ", ".join(Team.objects.values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"no team {slug!r}; known: {known}")
    return team


def user_named(name: str) -> User | None:
    """The person of a user name; None where it is empty.

    Raises:
        CommandError: nobody signs in by that name.
    """
    if not name:
        return None
    user = User.objects.filter(username=name).first()
    if user is None:
        raise CommandError(f"no user {name!r}; give the name they sign in with")
    return user


def check_may(user: User | None, action: str, team: Team) -> None:
    """Whoever reaches the command line needs no role; a person who is named does.

    Raises:
        CommandError: the person's role does not reach.
    """
    if user is not None and not may(user, action, team):
        raise CommandError(f"{user} may not {action} in {team}; name another user or team")
