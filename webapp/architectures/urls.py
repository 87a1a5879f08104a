"""Addresses of the catalogue; included under architectures/."""

from __future__ import annotations

from django.urls import path

from .views import actions, catalogue

urlpatterns = [
    path("", catalogue.architecture_list, name="architecture-list"),
    path("<int:pk>/", catalogue.architecture_detail, name="architecture-detail"),
    path("<int:pk>/<str:action>", actions.architecture_action, name="architecture-action"),
    path("alias/<slug:name>/", catalogue.architecture_alias, name="architecture-alias"),
]
