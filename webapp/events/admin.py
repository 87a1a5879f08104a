"""Events in the admin, read-only."""

from __future__ import annotations

from django.contrib import admin

from webapp.accounts.admin_access import ReadOnlyAdmin

from .models import Event


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """Events of runs; the page is computed from them, so they are never edited."""

    team_path = "run__team"
    list_display = ("run", "seq", "kind", "at")
    list_filter = ("kind",)
    list_select_related = ("run",)
    search_fields = ("=run__id",)
    ordering = ("-id",)
