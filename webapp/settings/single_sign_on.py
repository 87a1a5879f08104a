"""Sign-in through an OpenID Connect provider, off without `OIDC_URL`; and by passkeys."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from webapp.environment import names

OIDC_URL = os.environ.get("OIDC_URL", "").strip().rstrip("/")
OIDC_CLIENT_ID = os.environ.get("OIDC_CLIENT_ID", "").strip()
OIDC_CLIENT_SECRET = os.environ.get("OIDC_CLIENT_SECRET", "").strip()
OIDC_NAME = os.environ.get("OIDC_NAME", "").strip() or "single sign-on"
# People with a verified mail address of these domains join OIDC_TEAM; others need an invitation.
OIDC_DOMAINS = [name.lower() for name in names("OIDC_DOMAINS", "")]
OIDC_TEAM = os.environ.get("OIDC_TEAM", "").strip()
OIDC_ROLE = os.environ.get("OIDC_ROLE", "").strip() or "researcher"
OIDC_ROLES = ("viewer", "researcher", "curator")
OIDC_PROVIDER = "oidc"  # its name in addresses

if OIDC_URL and not OIDC_CLIENT_ID:
    raise ImproperlyConfigured("OIDC_URL needs OIDC_CLIENT_ID: set it, or unset OIDC_URL")
if OIDC_URL and urlsplit(OIDC_URL).scheme not in ("http", "https"):
    raise ImproperlyConfigured(
        f"OIDC_URL is {OIDC_URL[:80]!r}: it must begin with https://, as the issuer's address does"
    )
if OIDC_DOMAINS and not OIDC_TEAM:
    raise ImproperlyConfigured("OIDC_DOMAINS needs OIDC_TEAM, the name of the team to join")
if OIDC_ROLE not in OIDC_ROLES:
    raise ImproperlyConfigured(
        f"OIDC_ROLE is {OIDC_ROLE[:40]!r}: it must be one of {', '.join(OIDC_ROLES)}"
    )


def oidc_providers(url: str, client_id: str, secret: str, name: str) -> dict[str, Any]:
    """Return the providers of django-allauth: one, or none without an address."""
    app = {
        "provider_id": OIDC_PROVIDER,
        "name": name,
        "client_id": client_id,
        "secret": secret,
        "settings": {"server_url": url},
    }
    return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app] if url else []}}


SOCIALACCOUNT_PROVIDERS = oidc_providers(OIDC_URL, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_NAME)
SOCIALACCOUNT_ADAPTER = "webapp.accounts.single_sign_on.SingleSignOn"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a link; the policy of pages allows forms only to this site
ACCOUNT_EMAIL_VERIFICATION = "none"

MFA_SUPPORTED_TYPES = ["webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
