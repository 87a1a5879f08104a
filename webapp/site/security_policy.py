"""Content security policy of a response: strict, and less strict for the admin only."""

from __future__ import annotations

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import get_script_prefix


class PolicyMiddleware(CSPMiddleware):
    """django-csp's middleware that uses `ADMIN_CONTENT_SECURITY_POLICY` for the admin."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only and request.path.startswith(admin_address()):
            parts.replace = {**(parts.replace or {}), **settings.ADMIN_CONTENT_SECURITY_POLICY}
        return parts


def admin_address() -> str:
    """Return the address of the admin, without loading it."""
    return f"{get_script_prefix()}admin/"
