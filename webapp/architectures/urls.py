"""Addresses of the catalogue; included under architectures/."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("", views.architecture_list, name="architecture-list"),
    path("<int:pk>/", views.architecture_detail, name="architecture-detail"),
]
