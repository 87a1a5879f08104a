"""The catalogue in the admin: the review queue; curators promote or reject with a reason."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Case, IntegerField, Model, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from simple_history.admin import SimpleHistoryAdmin
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from webapp.accounts.admin_access import TeamScopedAdmin
from webapp.accounts.models import User
from webapp.accounts.permissions import teams_where
from webapp.runs.drawings import text_of
from webapp.runs.numbers import value_text

from .models import CatalogueEntry, Stage
from .review import PROMOTE, REJECT, Decision, reason_page

# Entries that wait for a decision come first.
WAITING_FIRST = Case(
    When(stage=Stage.PROPOSED, then=Value(0)), default=Value(1), output_field=IntegerField()
)
FIXED = (
    "team_name",
    "stage_shown",
    "reason",
    "decided",
    "kept",
    "came_from",
    "measured",
    "identity",
    "drawn",
)


def _signed(moment: datetime | None, user: User | None) -> str:
    """The time and, if it is known, the user."""
    if moment is None:
        return "not yet"
    text = f"{moment:%Y-%m-%d %H:%M} UTC"
    return f"{text} by {user.get_username()}" if user else text


@admin.register(CatalogueEntry)
class CatalogueEntryAdmin(SimpleHistoryAdmin, TeamScopedAdmin):
    """Catalogue entries: name and note can be edited, the stage is set by a decision."""

    list_display = ("name", "team", "stage_shown", "measured", "kept_by", "kept_at")
    list_filter = ("stage",)
    list_select_related = ("team", "kept_by", "decided_by")
    ordering = (WAITING_FIRST.asc(), "-kept_at")
    search_fields = ("name", "reason", "note")
    readonly_fields = FIXED
    fieldsets = (
        (None, {"fields": ("name", "note")}),
        ("Decision", {"fields": ("stage_shown", "reason", "decided")}),
        ("Origin", {"fields": ("team_name", "came_from", "kept")}),
        ("Architecture", {"fields": ("measured", "drawn", "identity")}),
    )
    history_list_display = ("stage", "reason")
    actions = ("promote_selected", "reject_selected")
    actions_detail = ("promote", "reject")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # entries are created by Keep on a candidate's page

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if request.user.is_superuser:
            return True
        teams = teams_where(request.user, "curate")
        if obj is None:
            return teams.exists()
        assert isinstance(obj, CatalogueEntry)
        return teams.filter(pk=obj.team_id).exists()

    def has_view_history_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_view_permission(request, obj)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict | None = None
    ) -> HttpResponse:
        """Check access first: simple-history does not use `get_queryset`."""
        self._entry_or_404(request, object_id)
        return super().history_view(request, object_id, extra_context)

    def history_form_view(
        self,
        request: HttpRequest,
        object_id: str,
        version_id: str,
        extra_context: dict | None = None,
    ) -> HttpResponse:
        self._entry_or_404(request, object_id)
        return super().history_form_view(request, object_id, version_id, extra_context)

    def _entry_or_404(self, request: HttpRequest, object_id: str) -> CatalogueEntry:
        """Return the entry if the user may see it."""
        entry = self.get_object(request, object_id)
        if entry is None:
            raise Http404(f"no catalogue entry {object_id}")
        return entry

    def view_on_site(self, entry: CatalogueEntry) -> str:
        return reverse("architecture-detail", args=(entry.pk,))

    @display(
        description="stage",
        ordering="stage",
        label={"Proposed": "info", "Approved": "success", "Rejected": "danger"},
    )
    def stage_shown(self, entry: CatalogueEntry) -> str:
        return entry.get_stage_display()

    @admin.display(description="team")
    def team_name(self, entry: CatalogueEntry) -> str:
        return entry.team.name

    @admin.display(description="kept")
    def kept(self, entry: CatalogueEntry) -> str:
        return _signed(entry.kept_at, entry.kept_by)

    @admin.display(description="decided")
    def decided(self, entry: CatalogueEntry) -> str:
        return _signed(entry.decided_at, entry.decided_by)

    @admin.display(description="id")
    def identity(self, entry: CatalogueEntry) -> str:
        return entry.architecture_id[:12]

    @admin.display(description="architecture")
    def drawn(self, entry: CatalogueEntry) -> str:
        return text_of(entry.architecture)

    @admin.display(description="measured")
    def measured(self, entry: CatalogueEntry) -> str:
        values = (
            f"{m['objective']} {value_text(m['objective'], m['value'], m['unit'])}"
            for m in entry.measurements
        )
        return ", ".join(values) or "–"

    @admin.display(description="came from")
    def came_from(self, entry: CatalogueEntry) -> str:
        source = entry.source
        words = f"{source.get('run_name', 'a run')} #{source.get('number', '?')}"
        if entry.candidate_id is None:
            return f"{words} (gone)"
        address = reverse("run-candidate", args=(source["run"], source["number"]))
        return format_html('<a href="{}">{}</a>', address, words)

    @action(description="Promote with a reason", permissions=["change"])
    def promote_selected(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse:
        return self._decide_many(request, queryset, PROMOTE)

    @action(description="Reject with a reason", permissions=["change"])
    def reject_selected(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse:
        return self._decide_many(request, queryset, REJECT)

    @action(
        description="Promote",
        url_path="promote",
        permissions=["decide"],
        variant=ActionVariant.SUCCESS,
        attrs={"data-testid": "promote"},
    )
    def promote(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._decide_one(request, object_id, PROMOTE)

    @action(
        description="Reject",
        url_path="reject",
        permissions=["decide"],
        variant=ActionVariant.DANGER,
        attrs={"data-testid": "reject"},
    )
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._decide_one(request, object_id, REJECT)

    def has_decide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whether the user may decide about this entry, or about any entry without a key."""
        if object_id is None:
            return self.has_change_permission(request)
        return self.get_object(request, str(object_id)) is not None

    def _decide_one(self, request: HttpRequest, object_id: str, decision: Decision) -> HttpResponse:
        entry = self._entry_or_404(request, object_id)
        back = reverse("admin:architectures_catalogueentry_change", args=(entry.pk,))
        entries = self.get_queryset(request).filter(pk=entry.pk)
        return reason_page(self, request, entries, decision, back)

    def _decide_many(
        self, request: HttpRequest, queryset: QuerySet, decision: Decision
    ) -> HttpResponse:
        back = reverse("admin:architectures_catalogueentry_changelist")
        return reason_page(self, request, queryset, decision, back)
