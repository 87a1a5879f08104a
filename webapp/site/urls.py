"""Addresses of the overview and of the health check."""

from __future__ import annotations

from django.urls import path

from .views import healthz, overview

urlpatterns = [
    path("", overview, name="overview"),
    path("healthz", healthz, name="healthz"),
]
