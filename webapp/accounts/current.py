"""The team a person works in at the moment."""

from __future__ import annotations

from django.http import HttpRequest

from .models import Team
from .permissions import teams_of

SESSION_KEY = "team"


def current_team(request: HttpRequest) -> Team | None:
    """The team chosen in this session, else the person's first by name; None without any.

    A choice that no longer holds (the person left, the team is gone) falls back too.
    """
    teams = list(teams_of(request.user))
    chosen = request.session.get(SESSION_KEY)
    return next((team for team in teams if team.pk == chosen), teams[0] if teams else None)


def choose_team(request: HttpRequest, team: Team) -> None:
    """Works in this team from now on, in this session."""
    request.session[SESSION_KEY] = team.pk
