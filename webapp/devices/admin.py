"""Devices, their tokens and measurements in the admin; the pages of devices change them."""

from __future__ import annotations

from django.contrib import admin

from webapp.accounts.admin_access import ReadOnlyAdmin, SuperuserAdmin

from .models import (
    Device,
    DeviceToken,
    Measurement,
    NetworkDescription,
    PredictedCost,
    Predictor,
    PredictorFit,
)


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


@admin.register(Predictor)
class PredictorAdmin(ReadOnlyAdmin):
    """Predictors of the costs of a space on a device."""

    team_path = "device__team"
    list_display = ("space", "dataset", "device", "created_by", "created_at")
    list_select_related = ("device", "created_by")
    search_fields = ("device__name", "space")


@admin.register(PredictorFit)
class PredictorFitAdmin(ReadOnlyAdmin):
    """Fits of predictors with their validation."""

    team_path = "predictor__device__team"
    list_display = ("predictor", "cost", "number", "networks", "is_current", "fitted_at")
    list_filter = ("cost", "is_current")
    list_select_related = ("predictor__device",)
    search_fields = ("predictor__device__name",)


@admin.register(PredictedCost)
class PredictedCostAdmin(ReadOnlyAdmin):
    """Predicted values of networks."""

    team_path = "fit__predictor__device__team"
    list_display = ("architecture_id", "fit", "value", "low", "high", "method")
    list_select_related = ("fit__predictor__device",)
    search_fields = ("architecture_id",)


@admin.register(NetworkDescription)
class NetworkDescriptionAdmin(ReadOnlyAdmin, SuperuserAdmin):
    """Features of networks, for predictors; they belong to no team."""

    list_display = ("key",)
    search_fields = ("key",)
