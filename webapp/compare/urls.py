"""The address of the comparison."""

from __future__ import annotations

from django.urls import path

from .views import compare

urlpatterns = [path("", compare, name="compare")]
