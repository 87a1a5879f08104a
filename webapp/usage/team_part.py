"""The parts of the team page that show the cost of searches and, to owners, the quotas."""

from __future__ import annotations

from webapp.accounts.models import Membership
from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest
from webapp.accounts.team_parts import TeamPart

from .models import Quota
from .services.costs import carbon_source, monthly

MAX_ROWS = 60


def team_part(request: TeamRequest) -> TeamPart:
    """Return the costs of the current team."""
    rows = monthly(request.team.pk)[:MAX_ROWS]
    return TeamPart("usage/team.html", {"rows": rows, "carbon": carbon_source()})


def quotas_part(request: TeamRequest) -> TeamPart | None:
    """Return the quotas of the members of the current team, for its owners."""
    if not may(request.user, "manage", request.team):
        return None
    limits = {quota.user_id: quota for quota in Quota.objects.filter(team=request.team)}
    members = Membership.objects.filter(team=request.team).select_related("user")
    rows = [(member, limits.get(member.user_id)) for member in members.order_by("user__username")]
    return TeamPart("usage/quotas.html", {"rows": rows, "team": limits.get(None)})
