"""Events in the admin: only to look at."""

from __future__ import annotations

from django.contrib import admin

from webapp.accounts.admin_access import ReadOnlyAdmin

from .models import Event


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """One numbered change of a run; the page is their fold, so nobody edits them."""

    team_path = "run__team"
    list_display = ("run", "seq", "kind", "at")
    list_filter = ("kind",)
    list_select_related = ("run",)
    search_fields = ("=run__id",)
    ordering = ("-id",)
