"""Finding what belongs to a team, for those who may have it."""

from __future__ import annotations

from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest

from .permissions import MIN_ROLE, may

M = TypeVar("M", bound=Model)


def team_object_or_404(request: HttpRequest, model: type[M], pk: int, action: str = "view") -> M:
    """The object of that key, if the person may do `action` in its team.

    Raises:
        Http404: there is none, or the person is a stranger to its team: both look alike.
        PermissionDenied: a member of the team whose role does not reach.
    """
    found = model._default_manager.select_related("team").filter(pk=pk).first()
    if found is None or not may(request.user, "view", found.team):
        raise Http404(f"no {model._meta.verbose_name} {pk}")
    if not may(request.user, action, found.team):
        raise PermissionDenied(
            f"this takes the role of a {MIN_ROLE[action].label.lower()} in {found.team}; "
            "ask an owner of the team for it"
        )
    return found


def check_may_here(request: HttpRequest, action: str, doing: str) -> None:
    """Whether the person may do `action` in the team they work in now.

    Raises:
        PermissionDenied: they may not; `doing` begins the sentence, as in "Launching runs".
    """
    if request.team is None or not may(request.user, action, request.team):
        raise PermissionDenied(
            f"{doing} takes the role of a {MIN_ROLE[action].label.lower()}; "
            "ask an owner of the team for it."
        )
