"""Who asks: the bearer token of a person, and what the person may do in a team."""

from __future__ import annotations

from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from ninja.errors import HttpError
from ninja.security import HttpBearer

from webapp.accounts.access import team_object_or_404
from webapp.accounts.models import Team, User
from webapp.accounts.permissions import MIN_ROLE, may, teams_of

from .models import ApiToken, Scope
from .services import tokens

M = TypeVar("M", bound=Model)
NO_TOKEN = (
    "The request needs the header Authorization: Bearer TOKEN with a valid token; your account "
    "page issues one."
)


class ApiRequest(HttpRequest):
    """A request with a valid token; `user` is its owner."""

    auth: ApiToken
    user: User
    team: Team | None
    htmx: None


class PersonalToken(HttpBearer):
    """The bearer token of a person; `request.auth` is the token, `request.user` its owner."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        found = tokens.token_of(token)
        if found is not None:
            request.user = found.user
        return found


def check_scope(request: ApiRequest) -> None:
    """Check that the token may change something.

    Raises:
        PermissionDenied: it may only read.
    """
    if request.auth.scope != Scope.WRITE:
        raise PermissionDenied(
            f"The token {request.auth} may only read; issue one that may launch and control runs."
        )


def object_or_404(request: ApiRequest, model: type[M], pk: int, action: str = "view") -> M:
    """Return the object if the person may do `action` in its team.

    Raises:
        Http404: there is no such object, or the person is not a member of its team.
        PermissionDenied: the role or the token does not allow it.
    """
    found = team_object_or_404(request, model, pk, action)  # type: ignore[arg-type]  # it reads the user
    if action != "view":
        check_scope(request)
    return found


def teams_named(request: ApiRequest, name: str) -> QuerySet[Team]:
    """Return the person's teams, or the one of this name.

    Raises:
        Http404: there is no such team, or the person is not a member.
    """
    teams = teams_of(request.user)
    return teams.filter(pk=team_named(request, name, "view").pk) if name else teams


def team_named(request: ApiRequest, name: str, action: str) -> Team:
    """Return the person's team of this name; "" is the only team.

    Raises:
        Http404: there is no such team, or the person is not a member.
        HttpError: the name is missing and there are several teams.
        PermissionDenied: the role does not allow `action`.
    """
    teams = list(teams_of(request.user).filter(name=name) if name else teams_of(request.user))
    if not teams:
        raise Http404(f"You have no team {name[:80]!r}." if name else "You have no team.")
    if len(teams) > 1:
        choices = ", ".join(sorted(repr(team.name) for team in teams)[:20])
        raise HttpError(422, f"You have several teams: {choices}. Name one as team (--team).")
    if not may(request.user, action, teams[0]):
        role = MIN_ROLE[action].label.lower()
        raise PermissionDenied(f"This needs the {role} role in {teams[0]}.")
    return teams[0]
