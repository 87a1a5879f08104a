"""Quotas: a launch above the limit of the team or of the person is refused."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils import timezone

from nasengine.core.errors import InvalidSettings
from webapp.accounts.models import Membership, User
from webapp.accounts.services import audit
from webapp.usage.models import Quota, Usage

from .costs import cost_of


def check_quota(team: Any, user: Any, active: Any) -> None:
    """Check that the team and the person may launch another run.

    Args:
        team: the team of the run.
        user: who launches it; None for the command line, which only the team's quota limits.
        active: the queryset of the team's active runs.

    Raises:
        InvalidSettings: a quota is used up; the text has the value, the rule and the remedy.
    """
    own = Q(user=None) if user is None else Q(user=None) | Q(user=user)
    for quota in Quota.objects.filter(own, team=team).select_related("user"):
        whose = f"the team {team}" if quota.user is None else str(quota.user)
        who = "an administrator" if quota.user is None else "an owner of the team"
        mine = Q() if quota.user is None else Q(created_by=quota.user)
        runs = None if quota.active_runs is None else active.filter(mine).count()
        if runs is not None and runs >= quota.active_runs:
            _refuse(
                f"This launch exceeds the quota of {whose}: {quota.active_runs} active runs at "
                f"once; wait until one ends, stop one, or ask {who} for a larger quota."
            )
        if quota.gpu_hours is not None:
            used = gpu_hours_this_month(team, quota.user)
            if used >= quota.gpu_hours:
                _refuse(
                    f"The quota of {whose} is used up: {used:.1f} of {quota.gpu_hours:g} GPU hours "
                    f"this month; wait for the next month or ask {who} for a larger quota."
                )


def _refuse(text: str) -> None:
    raise InvalidSettings({"candidates": text})


def gpu_hours_this_month(team: Any, user: Any = None) -> float:
    """Return the GPU hours of the team, or of one person in it, since the month began (UTC)."""
    start = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = Usage.objects.filter(team=team, started_at__gte=start, is_gpu=True)
    return cost_of(rows if user is None else rows.filter(user=user)).gpu_hours


def set_quota(
    membership: Membership, by: User, gpu_hours: float | None, active_runs: int | None
) -> None:
    """Set the limits of a member of a team; None is no limit."""
    key: dict[str, Any] = {"team": membership.team, "user": membership.user}
    limits = {"gpu_hours": gpu_hours, "active_runs": active_runs}
    if gpu_hours is None and active_runs is None:
        Quota.objects.filter(**key).delete()
    else:
        Quota.objects.update_or_create(**key, defaults=limits)
    hours = "no limit" if gpu_hours is None else f"{gpu_hours:g}"
    runs = "no limit" if active_runs is None else str(active_runs)
    text = f"set the quota of {membership.user}: GPU hours a month {hours}, active runs {runs}"
    audit.record("setting", text, user=by, team=membership.team)
