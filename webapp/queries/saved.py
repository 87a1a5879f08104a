"""The saved views that a person sees in the list of runs."""

from __future__ import annotations

from typing import Any

from webapp.accounts.models import Membership, Team

from .models import SavedView


def saved_views(
    team: Team, user: Any, key: str
) -> tuple[SavedView | None, list[SavedView], list[SavedView]]:
    """Return the view that the address names, the person's own views and those of the team."""
    views = list(SavedView.objects.filter(team=team).select_related("owner"))
    mine = [view for view in views if view.owner_id == user.pk]
    shared = [view for view in views if view.shared and view.owner_id != user.pk]
    return next((view for view in views if view.key == key), None), mine, shared


def role_and_columns(team: Team, user: Any) -> tuple[str | None, list[str] | None]:
    """Return the person's role in the team, and the columns chosen last: one query."""
    rows = Membership.objects.filter(team=team, user=user)
    return rows.values_list("role", "user__chosen_columns__columns").first() or (None, None)
