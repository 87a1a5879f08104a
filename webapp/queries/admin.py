"""Saved views and chosen columns in the admin, read-only."""

from __future__ import annotations

from django.contrib import admin

from webapp.accounts.admin_access import ReadOnlyAdmin, SuperuserAdmin

from .models import ChosenColumns, SavedView


class ViewsAdmin(ReadOnlyAdmin, SuperuserAdmin):
    """Rows that the lists of the workbench write."""


admin.site.register((SavedView, ChosenColumns), ViewsAdmin)
