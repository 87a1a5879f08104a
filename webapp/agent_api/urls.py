"""Addresses of the API of device agents; included under api/agent/."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, URLResolver

from .api import api, open_view

_patterns, _app, _namespace = api.urls


def _opened(pattern: Any) -> URLPattern | URLResolver:
    """Mark the view of an address as one that needs no session."""
    pattern.callback = open_view(pattern.callback)
    return pattern


urlpatterns = [_opened(pattern) for pattern in _patterns]
app_name = _namespace
