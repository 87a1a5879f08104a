"""Comments in the admin, for administrators to read."""

from __future__ import annotations

from django.contrib import admin

from webapp.accounts.admin_access import ReadOnlyAdmin, SuperuserAdmin

from .models import Comment


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin, SuperuserAdmin):
    """Comments of people on the pages."""

    list_display = ("pk", "author", "run", "candidate", "entry", "at", "deleted_at")
    list_select_related = ("author", "run", "candidate", "entry")
    raw_id_fields = ("run", "candidate", "entry", "reply_to", "author")
