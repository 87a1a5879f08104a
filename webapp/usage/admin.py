"""Usage and quotas in the admin; administrators set quotas."""

from __future__ import annotations

from django.contrib import admin

from webapp.accounts.admin_access import ReadOnlyAdmin, SuperuserAdmin

from .models import Quota, Usage


@admin.register(Usage)
class UsageAdmin(ReadOnlyAdmin, SuperuserAdmin):
    """The time of every claim; the database records it."""

    list_display = ("started_at", "team", "user", "kind", "object_id", "device", "seconds")
    list_filter = ("kind", "is_gpu")


@admin.register(Quota)
class QuotaAdmin(SuperuserAdmin):
    """Limits of teams and people."""

    list_display = ("team", "user", "gpu_hours", "active_runs")
