"""Django's admin with our own site."""

from __future__ import annotations

from django.contrib.admin import apps


class AdminConfig(apps.AdminConfig):
    default_site = "webapp.accounts.admin_site.Site"
