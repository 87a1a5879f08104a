"""Addresses of quotas."""

from __future__ import annotations

from django.urls import path

from .views import quota_page

urlpatterns = [path("team/quotas/<int:pk>/", quota_page, name="quota")]
