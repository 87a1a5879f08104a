"""Addresses of search spaces; included under spaces/."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("", views.space_list, name="space-list"),
    path("new", views.space_new, name="space-new"),
    path("<int:pk>/", views.space_detail, name="space-detail"),
]
