"""The current team of a user's session."""

from __future__ import annotations

from django.http import HttpRequest

from .models import Team
from .permissions import teams_of

SESSION_KEY = "team"


def current_team(request: HttpRequest) -> Team | None:
    """Return the team chosen in this session, otherwise the user's first team by name.

    A choice that is no longer valid (the user left, or the team was deleted) is ignored. None if
    the user has no team.
    """
    teams = list(teams_of(request.user))
    chosen = request.session.get(SESSION_KEY)
    return next((team for team in teams if team.pk == chosen), teams[0] if teams else None)


def choose_team(request: HttpRequest, team: Team) -> None:
    """Make this the current team of the session."""
    request.session[SESSION_KEY] = team.pk
