"""Addresses of the fleet page and of draining."""

from __future__ import annotations

from django.urls import path

from .views import fleet, worker_control

urlpatterns = [
    path("", fleet, name="fleet"),
    path("workers/<str:action>", worker_control, name="worker-control"),
]
