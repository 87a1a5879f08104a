"""Addresses of the run list, the launch form, the run and candidate pages and the controls."""

from __future__ import annotations

from django.urls import path

from .views import candidate, launch, organise, panels, run, runs, steer

urlpatterns = [
    path("", runs.run_list, name="run-list"),
    path("new", launch.run_new, name="run-new"),
    path("new/yaml", launch.run_new_yaml, name="run-new-yaml"),
    path("new/presets", launch.run_preset_save, name="run-preset-save"),
    path("new/presets/<int:pk>/<str:action>", launch.run_preset_change, name="run-preset-change"),
    path("new/part/<str:kind>", launch.run_new_part, name="run-new-part"),
    path("new/choices", launch.run_new_choices, name="run-new-choices"),
    path("new/data", launch.run_new_data, name="run-new-data"),
    path("new/cost", launch.run_new_cost, name="run-new-cost"),
    path("batch", organise.run_batch, name="run-batch"),
    path("columns", organise.run_columns, name="run-columns"),
    path("suggest", organise.run_suggest, name="run-suggest"),
    path("runs.csv", organise.run_list_csv, name="run-list-csv"),
    path("<int:pk>/edit", organise.run_edit, name="run-edit"),
    path("<int:pk>/", run.run_detail, name="run-detail"),
    path("<int:pk>/snapshot.json", run.run_snapshot, name="run-snapshot"),
    path("<int:pk>/replay.json", run.run_replay, name="run-replay"),
    path("<int:pk>/timeline.json", panels.run_timeline, name="run-timeline"),
    path("<int:pk>/loads.json", panels.run_loads, name="run-loads"),
    path("<int:pk>/predicted.json", panels.run_predicted, name="run-predicted"),
    path("<int:pk>/curves.json", panels.run_curves, name="run-curves"),
    path("<int:pk>/choices.json", panels.run_choices, name="run-choices"),
    path("<int:pk>/log.json", panels.run_log, name="run-log"),
    path("<int:pk>/reproducing/", panels.run_reproducing, name="run-reproducing"),
    path("<int:pk>/candidates.csv", run.run_csv, name="run-csv"),
    path("<int:pk>/live/", run.run_live, name="run-live"),
    path("<int:pk>/events/", run.run_events, name="run-events"),
    path("<int:pk>/epochs/", run.run_epochs, name="run-epochs"),
    path("<int:pk>/estimates/", panels.run_estimates, name="run-estimates"),
    path("<int:pk>/candidates/<int:number>/", candidate.run_candidate, name="run-candidate"),
    path(
        "<int:pk>/candidates/<int:number>/retry", candidate.candidate_retry, name="candidate-retry"
    ),
    path(
        "<int:pk>/candidates/<int:number>/graph.json", run.candidate_graph, name="candidate-graph"
    ),
    path("<int:pk>/candidates/<int:number>/row.json", run.candidate_row_json, name="candidate-row"),
    path("<int:pk>/steer", steer.run_steer, name="run-steer"),
    path("<int:pk>/<str:action>", runs.run_control, name="run-control"),
]
