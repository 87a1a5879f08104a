"""Spaces, data sets, devices, runs and their records in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline

from webapp.accounts.admin_access import ReadOnlyAdmin, SuperuserAdmin, TeamScopedAdmin

from .models import (
    Candidate,
    DataSet,
    Device,
    DeviceWait,
    Measurement,
    Run,
    RunLoad,
    Space,
    SpaceVersion,
    Star,
    Study,
    TeamPreset,
    WorkerDrain,
    WorkerSlot,
)


class VersionInline(TabularInline):
    """Versions of a space; they never change, because runs refer to them."""

    model = SpaceVersion
    extra = 0
    fields = ("number", "config", "note", "created_at")
    readonly_fields = ("created_at",)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Space)
class SpaceAdmin(TeamScopedAdmin):
    """Search spaces; one without a team is shared by all teams."""

    shared = True
    list_display = ("name", "engine_space", "team")
    list_filter = ("engine_space",)
    list_select_related = ("team",)
    search_fields = ("name",)
    autocomplete_fields = ("team",)
    inlines = (VersionInline,)


@admin.register(SpaceVersion)
class SpaceVersionAdmin(ReadOnlyAdmin):
    """Versions of spaces; they never change, because runs refer to them."""

    team_path = "space__team"
    shared = True
    list_display = ("space", "number", "note", "created_by", "created_at")
    list_select_related = ("space", "created_by")
    search_fields = ("space__name",)


@admin.register(DataSet)
class DataSetAdmin(TeamScopedAdmin):
    """Data sets for searches; one without a team is shared by all teams."""

    shared = True
    list_display = ("name", "source", "team", "digest")
    list_select_related = ("team",)
    search_fields = ("name", "source")
    autocomplete_fields = ("team",)
    readonly_fields = ("facts", "digest")


@admin.register(Device)
class DeviceAdmin(TeamScopedAdmin):
    """Devices that costs are measured on or modelled for; shared by all teams."""

    team_path = ""
    list_display = ("name", "title", "queue")
    search_fields = ("name", "title")


@admin.register(Study)
class StudyAdmin(TeamScopedAdmin):
    """Runs that belong together."""

    list_display = ("name", "team", "created_by", "created_at")
    list_select_related = ("team", "created_by")
    search_fields = ("name",)
    autocomplete_fields = ("team", "created_by")


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """Runs, read-only; they are launched and controlled on their own pages."""

    list_display = (
        "id",
        "name",
        "team",
        "strategy",
        "state",
        "told",
        "candidate_budget",
    )
    list_filter = ("state", "strategy")
    list_select_related = ("team",)
    search_fields = ("name", "=id")
    exclude = ("strategy_state",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("strategy_state", "view", "front")

    def view_on_site(self, run: Run) -> str:
        return f"/runs/{run.pk}/"


@admin.register(Candidate)
class CandidateAdmin(ReadOnlyAdmin):
    """Candidates of runs."""

    team_path = "run__team"
    list_display = ("run", "number", "state", "origin", "attempts", "ended_at")
    list_filter = ("state", "origin")
    list_select_related = ("run",)
    search_fields = ("=run__id", "architecture_id__startswith")
    ordering = ("-run", "number")

    def view_on_site(self, candidate: Candidate) -> str:
        return f"/runs/{candidate.run_id}/candidates/{candidate.number}/"


@admin.register(Measurement)
class MeasurementAdmin(ReadOnlyAdmin):
    """Measured values with unit, device and method."""

    team_path = "candidate__run__team"
    list_display = ("candidate", "objective", "value", "unit", "device", "method", "repetitions")
    list_filter = ("objective", "method")
    list_select_related = ("candidate",)
    search_fields = ("=candidate__run__id", "objective")


@admin.register(DeviceWait)
class DeviceWaitAdmin(ReadOnlyAdmin):
    """Trained candidates that wait for the agents of devices."""

    team_path = "candidate__run__team"
    list_display = ("candidate", "since")
    list_select_related = ("candidate",)
    search_fields = ("=candidate__run__id",)


@admin.register(RunLoad)
class RunLoadAdmin(ReadOnlyAdmin):
    """Processor, memory and cards of workers while they worked for a run."""

    team_path = "run__team"
    list_display = ("run", "worker", "every_seconds")
    list_select_related = ("run",)
    search_fields = ("=run__id", "worker")


@admin.register(WorkerSlot)
class WorkerSlotAdmin(ReadOnlyAdmin):
    """Worker and coordinator processes with their last heartbeat."""

    team_path = ""
    list_display = ("name", "role", "host", "queue_names", "last_seen", "stopped_at")
    list_filter = ("role",)
    search_fields = ("name", "host")

    @admin.display(description="queues")
    def queue_names(self, slot: WorkerSlot) -> str:
        return ", ".join(slot.queues)


@admin.register(WorkerDrain)
class WorkerDrainAdmin(ReadOnlyAdmin):
    """Drained workers; the fleet page drains and resumes them."""

    team_path = ""
    list_display = ("name", "since", "drained_by")
    list_select_related = ("drained_by",)
    search_fields = ("name",)


@admin.register(WorkerDrain.history.model)
class DrainHistoryAdmin(ReadOnlyAdmin):
    """Who drained and resumed which worker, and when."""

    team_path = ""
    list_display = ("name", "history_type", "history_user", "history_date")
    list_filter = ("history_type",)
    list_select_related = ("history_user",)
    search_fields = ("name", "history_user__username")


class PersonalAdmin(ReadOnlyAdmin, SuperuserAdmin):
    """Stars and presets, which pages of the workbench write."""


admin.site.register((Star, TeamPreset), PersonalAdmin)
