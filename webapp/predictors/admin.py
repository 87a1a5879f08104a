"""Predictors of devices, their fits and jobs in the admin: view only."""

from __future__ import annotations

from django.contrib import admin

from webapp.accounts.admin_access import ReadOnlyAdmin

from .models import PredictorJob


@admin.register(PredictorJob)
class PredictorJobAdmin(ReadOnlyAdmin):
    """Jobs that choose networks, export them or fit a predictor."""

    list_display = ("predictor", "step", "state", "team", "requested_by", "created_at")
    list_filter = ("state", "step")
    list_select_related = ("predictor__device", "team", "requested_by")
