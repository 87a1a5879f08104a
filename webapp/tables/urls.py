"""Addresses of benchmark tables; included under datasets/tables/."""

from __future__ import annotations

from django.urls import path

from .views import imports, tables

urlpatterns = [
    path("", tables.table_list, name="table-list"),
    path("new", imports.table_new, name="table-new"),
    path("imports/<int:pk>/", imports.import_detail, name="import-detail"),
    path("imports/<int:pk>/<str:action>", imports.import_control, name="import-control"),
    path("<int:pk>/", tables.table_detail, name="table-detail"),
]
