"""Addresses of studies; included under studies/."""

from __future__ import annotations

from django.urls import path

from .views import launch, studies

urlpatterns = [
    path("", studies.study_list, name="study-list"),
    path("quick", launch.study_quick, name="study-quick"),
    path("new", launch.study_new, name="study-new"),
    path("new/yaml", launch.study_new_yaml, name="study-new-yaml"),
    path("new/presets", launch.study_preset_save, name="study-preset-save"),
    path(
        "new/presets/<int:pk>/<str:action>", launch.study_preset_change, name="study-preset-change"
    ),
    path("new/methods", launch.study_new_methods, name="study-new-methods"),
    path("new/cost", launch.study_new_cost, name="study-new-cost"),
    path("<int:pk>/", studies.study_detail, name="study-detail"),
    path("<int:pk>/results.csv", studies.study_csv, name="study-csv"),
    path("<int:pk>/benchmark.zip", studies.study_benchmark, name="study-benchmark"),
    path("<int:pk>/results.json", studies.study_json, name="study-json"),
    path("<int:pk>/<str:action>", studies.study_control, name="study-control"),
]
