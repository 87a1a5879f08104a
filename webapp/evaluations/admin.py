"""Evaluations and their trainings in the admin."""

from __future__ import annotations

from django.contrib import admin

from webapp.accounts.admin_access import ReadOnlyAdmin

from .models import Evaluation, Training


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    """Evaluations; their pages launch, cancel and delete them."""

    team_path = "team"
    list_display = ("title", "protocol_name", "dataset", "team", "requested_by", "created_at")
    list_filter = ("dataset",)
    list_select_related = ("team", "requested_by")
    search_fields = ("title", "protocol_name")


@admin.register(Training)
class TrainingAdmin(ReadOnlyAdmin):
    """Trainings, one for each seed of an evaluation."""

    team_path = "evaluation__team"
    list_display = ("evaluation", "seed", "state", "queue", "attempts", "created_at")
    list_filter = ("state", "queue")
    list_select_related = ("evaluation",)
    search_fields = ("evaluation__title",)
