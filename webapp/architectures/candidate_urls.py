"""Addresses of one candidate of a run, with its place in the catalogue; included under runs/."""

from __future__ import annotations

from django.urls import path

from .views import candidate

urlpatterns = [
    path("<int:pk>/candidates/<int:number>/", candidate.run_candidate, name="run-candidate"),
    path("<int:pk>/candidates/<int:number>/keep", candidate.candidate_keep, name="candidate-keep"),
]
