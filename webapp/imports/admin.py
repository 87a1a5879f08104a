"""Imports of runs in the admin: view only."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse

from webapp.accounts.admin_access import ReadOnlyAdmin

from .models import ImportedRun, RunImport


@admin.register(ImportedRun)
class ImportedRunAdmin(ReadOnlyAdmin):
    """Where imported runs come from."""

    list_display = ("run", "source", "file_name", "team")
    list_filter = ("source",)
    list_select_related = ("run", "team")

    def view_on_site(self, imported: ImportedRun) -> str:
        return reverse("run-detail", args=(imported.run_id,))


@admin.register(RunImport)
class RunImportAdmin(ReadOnlyAdmin):
    """Uploaded files with runs."""

    list_display = ("file_name", "state", "team", "created_by", "created_at", "size_bytes")
    list_filter = ("state",)
    list_select_related = ("team", "created_by")
    search_fields = ("file_name",)

    def view_on_site(self, job: RunImport) -> str:
        return reverse("runs-import-detail", args=(job.pk,))
