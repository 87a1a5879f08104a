"""Access to objects that belong to a team."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404

from .models import Team
from .permissions import MIN_ROLE, may
from .requests import TeamRequest

M = TypeVar("M", bound=Model)


class _Owned(Protocol):
    team: Team


def team_object_or_404(
    request: TeamRequest,
    model: type[M],
    pk: int,
    action: str = "view",
    defer: Sequence[str] = (),
) -> M:
    """Return the object with this key if the user may do `action` in its team.

    `defer` names large columns that are not read at once.

    Raises:
        Http404: there is no such object, or the user is not a member of its team; the answer is
            the same in both cases.
        PermissionDenied: the role of the member is too low.
    """
    rows = model._default_manager.select_related("team").defer(*defer)
    found = rows.filter(pk=pk).first()
    team = None if found is None else cast(_Owned, found).team
    if found is None or team is None or not may(request.user, "view", team):
        raise Http404(f"no {model._meta.verbose_name} {pk}")
    if not may(request.user, action, team):
        raise PermissionDenied(
            f"You need the {MIN_ROLE[action].label.lower()} role in {team}; "
            "ask an owner of the team for it."
        )
    return found


def check_may_here(request: TeamRequest, action: str, activity: str) -> None:
    """Check that the user may do `action` in the current team.

    Args:
        request: the request.
        action: one of the keys of MIN_ROLE.
        activity: what the action is called at the start of a sentence, as in "Launching runs".

    Raises:
        PermissionDenied: there is no current team, or the role is too low.
    """
    if request.team is None or not may(request.user, action, request.team):
        raise PermissionDenied(
            f"{activity} needs the {MIN_ROLE[action].label.lower()} role; "
            "ask an owner of the team for it."
        )
