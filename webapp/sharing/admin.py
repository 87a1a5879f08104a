"""Saved comparisons, reports and share links in the admin, read-only."""

from __future__ import annotations

from django.contrib import admin

from webapp.accounts.admin_access import ReadOnlyAdmin, SuperuserAdmin

from .models import Report, SavedComparison, ShareLink


class SharingAdmin(ReadOnlyAdmin, SuperuserAdmin):
    """Rows that pages of the workbench write."""


@admin.register(ShareLink)
class ShareLinkAdmin(SharingAdmin):
    list_display = ("title", "kind", "team", "created_by", "expires_at", "last_used", "revoked_at")
    list_filter = ("kind",)
    exclude = ("digest",)


admin.site.register((Report, SavedComparison), SharingAdmin)
