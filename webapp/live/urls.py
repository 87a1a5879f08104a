"""Addresses of one run; included under runs/."""

from __future__ import annotations

from django.urls import path

from .views import candidate, run

urlpatterns = [
    path("<int:pk>/", run.run_detail, name="run-detail"),
    path("<int:pk>/snapshot.json", run.run_snapshot, name="run-snapshot"),
    path("<int:pk>/events/", run.run_events, name="run-events"),
    path("<int:pk>/candidates/<int:number>/", candidate.run_candidate, name="run-candidate"),
    path(
        "<int:pk>/candidates/<int:number>/graph.json", run.candidate_graph, name="candidate-graph"
    ),
    path("<int:pk>/candidates/<int:number>/keep", candidate.candidate_keep, name="candidate-keep"),
]
