"""Base classes of every ModelAdmin: who may view and change which rows.

Site administrators see everything. Curators and owners see the rows of their teams. Rows that a
search recorded are read-only for everyone, because the state of a run is computed from them.
"""

from __future__ import annotations

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from .permissions import may_enter_admin, teams_where


class TeamScopedAdmin(ModelAdmin):
    """Shows the rows of the teams in which the user may do `action`.

    `team_path` is the lookup path to the team. With `shared`, rows without a team, which all
    teams share, are shown too. Only administrators may change rows; subclasses may allow more.
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
    """Rows that a search recorded: read-only for everyone, including administrators."""

    list_disable_select_all = True
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class SuperuserAdmin(TeamScopedAdmin):
    """Rows of the whole site, only for its administrators."""

    team_path = ""

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.is_superuser
