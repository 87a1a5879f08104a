"""Addresses of the run list, the launch form, the run and candidate pages and the controls."""

from __future__ import annotations

from django.urls import path

from .views import candidate, launch, run, runs

urlpatterns = [
    path("", runs.run_list, name="run-list"),
    path("new", launch.run_new, name="run-new"),
    path("new/part/<str:kind>", launch.run_new_part, name="run-new-part"),
    path("new/data", launch.run_new_data, name="run-new-data"),
    path("new/cost", launch.run_new_cost, name="run-new-cost"),
    path("<int:pk>/", run.run_detail, name="run-detail"),
    path("<int:pk>/snapshot.json", run.run_snapshot, name="run-snapshot"),
    path("<int:pk>/candidates.csv", run.run_csv, name="run-csv"),
    path("<int:pk>/live/", run.run_live, name="run-live"),
    path("<int:pk>/events/", run.run_events, name="run-events"),
    path("<int:pk>/candidates/<int:number>/", candidate.run_candidate, name="run-candidate"),
    path(
        "<int:pk>/candidates/<int:number>/graph.json", run.candidate_graph, name="candidate-graph"
    ),
    path("<int:pk>/candidates/<int:number>/row.json", run.candidate_row_json, name="candidate-row"),
    path("<int:pk>/<str:action>", runs.run_control, name="run-control"),
]
