"""Tokens of people and keys of launches in the admin, for administrators to read."""

from __future__ import annotations

from django.contrib import admin

from webapp.accounts.admin_access import ReadOnlyAdmin, SuperuserAdmin

from .models import ApiToken, LaunchKey


@admin.register(ApiToken)
class ApiTokenAdmin(SuperuserAdmin, ReadOnlyAdmin):
    """Tokens of people; the tokens themselves are not stored."""

    list_display = ("name", "user", "scope", "hint", "created_at", "last_used", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("name", "user__username")
    exclude = ("digest",)


@admin.register(LaunchKey)
class LaunchKeyAdmin(SuperuserAdmin, ReadOnlyAdmin):
    """Keys under which programs launched runs."""

    list_display = ("key", "user", "run", "created_at")
    list_select_related = ("user", "run")
    search_fields = ("key", "user__username", "run__name")
