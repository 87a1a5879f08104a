"""Template tags of accounts."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.urls import reverse

register = template.Library()


@register.simple_tag
def single_sign_on() -> dict[str, str] | None:
    """Return name and address of the OpenID Connect provider, None if there is none."""
    if not settings.OIDC_URL:
        return None
    address = reverse("openid_connect_login", args=[settings.OIDC_PROVIDER])
    return {"name": settings.OIDC_NAME, "address": address}
