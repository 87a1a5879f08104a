"""The request type of views: `request.user`, `request.team` and `request.htmx` are typed."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from .models import Membership, Team, User


class AnyRequest(HttpRequest):
    """A request after all middleware; `team` is None for users without a team."""

    team: Team | None
    htmx: HtmxDetails
    layout_memberships: list[Membership]  # read once per request by the layout tags


class TeamRequest(AnyRequest):
    """A request in a view that requires a signed-in user with a team (the default)."""

    user: User
    team: Team
