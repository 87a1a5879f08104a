"""The addresses of the comparison."""

from __future__ import annotations

from django.urls import path

from .views import compare, compare_choices

urlpatterns = [
    path("compare", compare, name="compare"),
    path("compare/choices", compare_choices, name="compare-choices"),
]
