"""The addresses of the comparison."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("compare", views.compare, name="compare"),
    path("compare/choices", views.compare_choices, name="compare-choices"),
    path("compare/attainment", views.compare_attainment, name="compare-attainment"),
    path("compare/operations", views.compare_operations, name="compare-operations"),
    path("compare/difference", views.compare_difference, name="compare-difference"),
]
