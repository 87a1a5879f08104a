"""The catalogue in the admin: the review queue; people move entries with a reason."""

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

from webapp.accounts.admin_access import ReadOnlyAdmin, TeamScopedAdmin
from webapp.accounts.models import User
from webapp.accounts.permissions import teams_where
from webapp.runs.drawings import text_of
from webapp.runs.numbers import value_text

from .models import WAITING, Alias, CatalogueEntry, EntryCheck, Stage
from .review import reason_page
from .services.moves import TO, refusal_of, rights_of

# Entries that wait for a decision come first.
WAITING_FIRST = Case(
    When(stage__in=WAITING, then=Value(0)), default=Value(1), output_field=IntegerField()
)
FIXED = (
    "team_name",
    "proposal",
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


def _bulk(stage: Stage) -> Any:
    """Return the action that moves selected entries to a stage."""

    def move_selected(
        self: CatalogueEntryAdmin, request: HttpRequest, queryset: QuerySet
    ) -> HttpResponse:
        return self.decide_many(request, queryset, stage)

    move_selected.__name__ = f"{TO[stage].action}_selected"
    described = action(description=f"{TO[stage].verb} with a reason", permissions=["change"])
    return described(move_selected)


def _single(stage: Stage, variant: ActionVariant = ActionVariant.DEFAULT) -> Any:
    """Return the button that moves the entry of a page to a stage."""
    name = TO[stage].action

    def move_one(self: CatalogueEntryAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.decide_one(request, object_id, stage)

    move_one.__name__ = name
    described = action(
        description=TO[stage].verb,
        url_path=name,
        permissions=[name],
        variant=variant,
        attrs={"data-testid": name},
    )
    return described(move_one)


@admin.register(CatalogueEntry)
class CatalogueEntryAdmin(SimpleHistoryAdmin, TeamScopedAdmin):
    """Catalogue entries: name and note can be edited, the stage is set by a decision."""

    list_display = ("name", "team", "stage_shown", "measured", "kept_by", "kept_at")
    list_filter = ("stage",)
    list_select_related = ("team", "kept_by", "decided_by")
    ordering = (WAITING_FIRST.asc(), "-kept_at")
    search_fields = ("name", "reason", "note", "proposal")
    readonly_fields = FIXED
    fieldsets = (
        (None, {"fields": ("name", "note")}),
        ("Decision", {"fields": ("proposal", "stage_shown", "reason", "decided")}),
        ("Origin", {"fields": ("team_name", "came_from", "kept")}),
        ("Architecture", {"fields": ("measured", "drawn", "identity")}),
    )
    history_list_display = ("stage", "reason")
    actions = tuple(f"{move.action}_selected" for move in TO.values())
    actions_detail = tuple(move.action for move in TO.values())

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
        label={
            "Proposed": "info",
            "Shortlisted": "info",
            "Approved": "success",
            "Deployed": "success",
            "Retired": "warning",
            "Rejected": "danger",
        },
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

    promote_selected = _bulk(Stage.APPROVED)
    reject_selected = _bulk(Stage.REJECTED)
    shortlist_selected = _bulk(Stage.SHORTLISTED)
    deploy_selected = _bulk(Stage.DEPLOYED)
    retire_selected = _bulk(Stage.RETIRED)
    propose_selected = _bulk(Stage.PROPOSED)
    promote = _single(Stage.APPROVED, ActionVariant.SUCCESS)
    reject = _single(Stage.REJECTED, ActionVariant.DANGER)
    shortlist = _single(Stage.SHORTLISTED)
    deploy = _single(Stage.DEPLOYED)
    retire = _single(Stage.RETIRED)
    propose = _single(Stage.PROPOSED)

    def has_promote_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._may_move(request, object_id, Stage.APPROVED)

    def has_reject_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._may_move(request, object_id, Stage.REJECTED)

    def has_shortlist_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._may_move(request, object_id, Stage.SHORTLISTED)

    def has_deploy_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._may_move(request, object_id, Stage.DEPLOYED)

    def has_retire_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._may_move(request, object_id, Stage.RETIRED)

    def has_propose_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._may_move(request, object_id, Stage.PROPOSED)

    def _may_move(self, request: HttpRequest, object_id: Any, stage: Stage) -> bool:
        """Whether the user may move this entry to the stage, or any entry without a key."""
        if object_id is None:
            return self.has_change_permission(request)
        entry = self.get_object(request, str(object_id))
        if entry is None:
            return False
        return not refusal_of(entry, rights_of(entry, request.user), stage)

    def decide_one(self, request: HttpRequest, object_id: str, stage: Stage) -> HttpResponse:
        """Ask for the reason of a move of one entry."""
        entry = self._entry_or_404(request, object_id)
        back = reverse("admin:architectures_catalogueentry_change", args=(entry.pk,))
        entries = self.get_queryset(request).filter(pk=entry.pk)
        return reason_page(self, request, entries, stage, back)

    def decide_many(self, request: HttpRequest, queryset: QuerySet, stage: Stage) -> HttpResponse:
        """Ask for the reason of a move of several entries."""
        back = reverse("admin:architectures_catalogueentry_changelist")
        return reason_page(self, request, queryset, stage, back)


@admin.register(Alias)
class AliasAdmin(SimpleHistoryAdmin, ReadOnlyAdmin):
    """Aliases with their history; they are moved on the pages of entries."""

    list_display = ("name", "team", "entry", "moved_by", "moved_at")
    list_select_related = ("team", "entry", "moved_by")
    search_fields = ("name", "entry__name")


@admin.register(EntryCheck)
class EntryCheckAdmin(ReadOnlyAdmin):
    """Checks of entries by workers."""

    team_path = "entry__team"
    list_display = ("pk", "entry", "state", "reason", "created_at", "ended_at")
    list_filter = ("state",)
    list_select_related = ("entry",)
