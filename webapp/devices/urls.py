"""Addresses of devices; included under devices/."""

from __future__ import annotations

from django.urls import path

from .views import devices

urlpatterns = [
    path("", devices.device_list, name="device-list"),
    path("new", devices.device_new, name="device-new"),
    path("agent.pyz", devices.device_program, name="device-program"),
    path("<int:pk>/", devices.device_detail, name="device-detail"),
    path("<int:pk>/measurements.csv", devices.device_measurements, name="device-measurements"),
    path("<int:pk>/new-token", devices.device_token, name="device-token"),
    path("<int:pk>/<str:action>", devices.device_control, name="device-control"),
]
