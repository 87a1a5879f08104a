"""Addresses of imports of runs; included under runs/import/."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("", views.runs_import, name="runs-import"),
    path("<int:pk>/", views.runs_import_detail, name="runs-import-detail"),
]
