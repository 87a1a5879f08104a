"""Django's admin with our own site."""

from __future__ import annotations

from django.contrib.admin import apps


class AdminConfig(apps.SimpleAdminConfig):
    """The admin without its pages: `admin_urls` loads them at their first use."""

    default_site = "webapp.accounts.admin_site.Site"
