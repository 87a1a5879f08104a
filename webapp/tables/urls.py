"""Addresses of benchmark tables; included under datasets/tables/."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("", views.table_list, name="table-list"),
    path("new", views.table_new, name="table-new"),
    path("<int:pk>/", views.table_detail, name="table-detail"),
]
