"""Addresses of the overview and of the health check."""

from __future__ import annotations

from django.urls import path

from .views import healthz, overview, search_hits

urlpatterns = [
    path("", overview, name="overview"),
    path("search", search_hits, name="search"),
    path("healthz", healthz, name="healthz"),
]
