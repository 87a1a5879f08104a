"""Mail: the server that sends it. Without `EMAIL_HOST` the workbench sends none."""

from __future__ import annotations

import os
from ipaddress import ip_network

from django.core.exceptions import ImproperlyConfigured

from webapp.environment import names, seconds, whole

EMAIL_HOST = os.environ.get("EMAIL_HOST", "").strip()
EMAIL_PORT = whole("EMAIL_PORT", 587 if os.environ.get("EMAIL_USE_TLS") == "1" else 25)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("EMAIL_USE_TLS", "") == "1"
EMAIL_USE_SSL = os.environ.get("EMAIL_USE_SSL", "") == "1"
EMAIL_TIMEOUT = seconds("EMAIL_TIMEOUT", 15)
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "").strip() or "paretoscope@localhost"
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_SUBJECT_PREFIX = ""
# The link to reset a password is valid for this long.
PASSWORD_RESET_TIMEOUT = 3600
if EMAIL_USE_TLS and EMAIL_USE_SSL:
    raise ImproperlyConfigured(
        "EMAIL_USE_TLS and EMAIL_USE_SSL are both 1: set only one of them "
        "(TLS for STARTTLS, usually port 587; SSL usually port 465)"
    )
# Address of the workbench in mails and webhooks, which have no request to take it from.
SITE_URL = os.environ.get("PARETOSCOPE_SITE_URL", "http://127.0.0.1:8000").strip().rstrip("/")
# Internal networks to which chat messages and webhooks may go, such as 10.0.0.0/8.
PARETOSCOPE_INTERNAL_TARGETS = names("PARETOSCOPE_INTERNAL_TARGETS", "")
for _network in PARETOSCOPE_INTERNAL_TARGETS:
    try:
        ip_network(_network)
    except ValueError:
        raise ImproperlyConfigured(
            f"PARETOSCOPE_INTERNAL_TARGETS has {_network[:40]!r}: it must be networks such as "
            "10.0.0.0/8, separated by commas"
        ) from None
