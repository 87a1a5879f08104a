"""Uploaded data in the admin: view only; the page Data archives and deletes."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse

from webapp.accounts.admin_access import ReadOnlyAdmin

from .models import DataUpload, TeamData


@admin.register(TeamData)
class TeamDataAdmin(ReadOnlyAdmin):
    """Data sets never change."""

    list_display = ("name", "version", "team", "source", "files", "size_bytes", "created_at")
    list_filter = ("source",)
    list_select_related = ("team",)
    search_fields = ("name", "note", "digest__startswith")

    def view_on_site(self, data: TeamData) -> str:
        return reverse("data-detail", args=(data.pk,))


@admin.register(DataUpload)
class DataUploadAdmin(ReadOnlyAdmin):
    """Uploads; they are cancelled and discarded on their own page."""

    list_display = ("file_name", "state", "team", "created_by", "created_at", "size_bytes")
    list_filter = ("state",)
    list_select_related = ("team", "created_by")
    search_fields = ("file_name",)

    def view_on_site(self, upload: DataUpload) -> str:
        return reverse("upload-detail", args=(upload.pk,))
