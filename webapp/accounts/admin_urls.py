"""Addresses of the admin, with the modules that register its tables."""

from __future__ import annotations

from allauth.socialaccount.providers import registry
from django.contrib import admin

admin.autodiscover()
registry.load()  # accounts of other services show the name of their provider

urlpatterns = admin.site.get_urls()
