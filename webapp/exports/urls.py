"""Addresses of exports; included under exports/."""

from __future__ import annotations

from django.urls import path

from .views import exports

urlpatterns = [
    path("new", exports.export_new, name="export-new"),
    path("new/settings", exports.export_new_settings, name="export-new-settings"),
    path("<int:pk>/", exports.export_detail, name="export-detail"),
    path("<int:pk>/archive.zip", exports.export_archive, name="export-archive"),
    path("<int:pk>/measured", exports.export_measured, name="export-measured"),
    path("<int:pk>/measure", exports.export_measure, name="export-measure"),
    path("<int:pk>/<str:action>", exports.export_control, name="export-control"),
]
