"""Benchmark tables in the admin: view, check again, delete those that no run uses."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from unfold.decorators import action

from webapp.accounts.admin_access import ReadOnlyAdmin, TeamScopedAdmin
from webapp.accounts.permissions import may, teams_where

from .labels import fit_words
from .models import BenchmarkTable, TableImport
from .services.checking import CheckFailed, check_again, delete_unused


@admin.register(BenchmarkTable)
class BenchmarkTableAdmin(TeamScopedAdmin):
    """Tables never change; curators of the team check them again and delete unused ones."""

    list_display = ("name", "version", "team", "space", "rows", "fits", "used", "created_at")
    list_filter = ("space",)
    list_select_related = ("team",)
    search_fields = ("name", "note", "digest__startswith")
    actions = ("check_selected", "delete_unused_selected")
    actions_list = ("import_another",)
    fields = (
        "name",
        "version",
        "team",
        "space",
        "datasets",
        "columns",
        "report",
        "architecture",
        "rows",
        "fits",
        "used",
        "digest",
        "size_bytes",
        "note",
        "created_by",
        "created_at",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).annotate(run_count=Count("runs"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # tables are imported from files with the form on the Data page

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Only a table that no run uses; the action below deletes many at once."""
        if obj is None or not self.has_clear_permission(request):
            return False
        assert isinstance(obj, BenchmarkTable)
        allowed = request.user.is_superuser or may(request.user, "curate", obj.team)
        return allowed and not obj.runs.exists()

    def has_clear_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser or teams_where(request.user, "curate").exists()

    def view_on_site(self, table: BenchmarkTable) -> str:
        return reverse("table-detail", args=(table.pk,))

    @admin.display(description="architectures")
    def fits(self, table: BenchmarkTable) -> str:
        return fit_words(table)

    @admin.display(description="runs", ordering="run_count")
    def used(self, table: BenchmarkTable) -> int:
        return table.run_count  # type: ignore[attr-defined]  # an annotation

    @action(description="Import a table", url_path="import", permissions=["clear"])
    def import_another(self, request: HttpRequest) -> HttpResponse:
        return redirect("table-new")

    @action(description="Check again", permissions=["clear"])
    def check_selected(self, request: HttpRequest, queryset: QuerySet) -> None:
        for table in queryset:
            try:
                self.message_user(request, f"{check_again(table)}.", messages.SUCCESS)
            except CheckFailed as error:
                self.message_user(request, f"{error}.", messages.ERROR)

    @action(description="Delete unused tables", permissions=["clear"])
    def delete_unused_selected(self, request: HttpRequest, queryset: QuerySet) -> None:
        deleted, kept = delete_unused(queryset)
        if deleted:
            self.message_user(request, f"Deleted: {', '.join(deleted)}.", messages.SUCCESS)
        if kept:
            text = f"Kept, because runs use them: {', '.join(kept)}."
            self.message_user(request, text, messages.WARNING)


@admin.register(TableImport)
class TableImportAdmin(ReadOnlyAdmin):
    """Imports of tables; they are cancelled and discarded on their own page."""

    list_display = ("file_name", "state", "team", "created_by", "created_at", "size_bytes")
    list_filter = ("state",)
    list_select_related = ("team", "created_by")
    search_fields = ("file_name",)
    exclude = ("content",)

    def view_on_site(self, job: TableImport) -> str:
        return reverse("import-detail", args=(job.pk,))
