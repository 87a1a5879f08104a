"""Addresses of saved views; the one that opens a view is its short link."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("save", views.view_save, name="view-save"),
    path("<str:key>/", views.view_open, name="view-open"),
    path("<str:key>/delete", views.view_delete, name="view-delete"),
]
