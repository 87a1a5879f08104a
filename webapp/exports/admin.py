"""Exports in the admin."""

from __future__ import annotations

from django.contrib import admin

from webapp.accounts.admin_access import ReadOnlyAdmin

from .models import Export


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    """Exports; their pages request, cancel and delete them."""

    team_path = "team"
    list_display = ("target", "training", "state", "archive_bytes", "team", "created_at")
    list_filter = ("state", "target")
    list_select_related = ("team", "training")
    search_fields = ("target", "training__evaluation__title")
