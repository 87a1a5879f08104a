"""Devices, their tokens and measurements in the admin; the pages of devices change them."""

from __future__ import annotations

from django.contrib import admin

from webapp.accounts.admin_access import ReadOnlyAdmin

from .models import Device, DeviceToken, Measurement


@admin.register(Device)
class DeviceAdmin(ReadOnlyAdmin):
    """Devices of teams, as their agents reported them."""

    list_display = ("name", "team", "kind", "agent_version", "last_seen")
    list_filter = ("kind",)
    list_select_related = ("team",)
    search_fields = ("name", "description")


@admin.register(DeviceToken)
class DeviceTokenAdmin(ReadOnlyAdmin):
    """Tokens of agents; the tokens themselves are not stored."""

    team_path = "device__team"
    list_display = ("device", "hint", "created_at", "last_used", "revoked_at")
    list_select_related = ("device",)
    search_fields = ("device__name", "hint")
    exclude = ("digest",)


@admin.register(Measurement)
class MeasurementAdmin(ReadOnlyAdmin):
    """Measurements that agents have done or are to do."""

    team_path = "device__team"
    list_display = ("objective", "device", "state", "value", "unit", "method", "repetitions")
    list_filter = ("state", "objective", "method")
    list_select_related = ("device",)
    search_fields = ("network", "architecture_id", "device__name")
