"""Addresses of evaluations; included under evaluations/."""

from __future__ import annotations

from django.urls import path

from .views import evaluation, evaluations, launch

urlpatterns = [
    path("", evaluations.evaluation_list, name="evaluation-list"),
    path("results.json", evaluations.evaluation_results_json, name="evaluation-json"),
    path("results.csv", evaluations.evaluation_results_csv, name="evaluation-csv"),
    path("new", launch.evaluation_new, name="evaluation-new"),
    path("new/settings", launch.evaluation_new_settings, name="evaluation-new-settings"),
    path("new/cost", launch.evaluation_new_cost, name="evaluation-new-cost"),
    path("<int:pk>/", evaluation.evaluation_detail, name="evaluation-detail"),
    path(
        "<int:pk>/seeds/<int:seed>/network.zip",
        evaluation.training_network,
        name="training-network",
    ),
    path(
        "<int:pk>/seeds/<int:seed>/<str:action>",
        evaluation.training_control,
        name="training-control",
    ),
    path("<int:pk>/<str:action>", evaluation.evaluation_control, name="evaluation-control"),
]
