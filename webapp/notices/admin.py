"""Notices and webhooks in the admin: read-only; secrets and addresses of chats are not shown."""

from __future__ import annotations

from django.contrib import admin

from webapp.accounts.admin_access import ReadOnlyAdmin, SuperuserAdmin

from .models import (
    ChatRule,
    Delivery,
    Notice,
    NoticeChoice,
    NoticeEvent,
    NoticeSettings,
    Webhook,
)


class NoticesAdmin(ReadOnlyAdmin, SuperuserAdmin):
    """Rows that services write."""


@admin.register(NoticeEvent)
class NoticeEventAdmin(NoticesAdmin):
    list_display = ("at", "kind", "team", "text", "dispatched_at")
    list_filter = ("kind",)


@admin.register(Delivery)
class DeliveryAdmin(NoticesAdmin):
    list_display = ("event", "place", "state", "attempts", "code", "error", "tried_at")
    list_filter = ("place", "state")


@admin.register(Webhook)
class WebhookAdmin(NoticesAdmin):
    list_display = ("name", "team", "created_by", "failures", "disabled_at")
    exclude = ("secret", "url")


@admin.register(NoticeSettings)
class NoticeSettingsAdmin(NoticesAdmin):
    list_display = ("user", "every_run", "minutes")
    exclude = ("chat_address",)


admin.site.register((Notice, NoticeChoice, ChatRule), NoticesAdmin)
