"""Who sees and changes what in the admin; every ModelAdmin of the house builds on these.

Administrators of the site see everything. Curators and owners see the rows of the teams
in which they are that; what a search recorded nobody changes, because a run is the fold
of exactly these rows.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from .permissions import may_enter_admin, teams_where


class TeamScopedAdmin(ModelAdmin):
    """Rows of the teams in which the person may do `action`; `team_path` leads to the team.

    With `shared`, rows that belong to no team (everybody's) are shown too. Only
    administrators change anything; a subclass opens what it wants to open.
    """

    team_path = "team"
    action = "curate"
    shared = False
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        if request.user.is_superuser or not self.team_path:
            return rows
        mine = Q(**{f"{self.team_path}__in": teams_where(request.user, self.action)})
        if self.shared:
            mine |= Q(**{f"{self.team_path}__isnull": True})
        return rows.filter(mine)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if request.user.is_superuser:
            return True
        if not may_enter_admin(request.user):
            return False
        if self.action == "curate":
            return True
        return teams_where(request.user, self.action).exists()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.is_superuser


class ReadOnlyAdmin(TeamScopedAdmin):
    """What a search wrote down: everybody who sees it only looks, administrators too."""

    list_disable_select_all = True
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class SuperuserAdmin(TeamScopedAdmin):
    """Rows of the whole site, for its administrators alone."""

    team_path = ""

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.is_superuser


def shown(description: str, **more: Any):
    """Names a computed column of a list; `ordering` makes it sortable."""

    def named(function: Any) -> Any:
        function.short_description = description
        function.admin_order_field = more.get("ordering")
        return function

    return named
