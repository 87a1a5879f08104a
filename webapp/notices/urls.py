"""Addresses of notices and webhooks."""

from __future__ import annotations

from django.urls import path

from .views import notices, webhooks

urlpatterns = [
    path("notices/", notices.notice_list, name="notice-list"),
    path("notices/unread.json", notices.unread, name="notice-unread"),
    path("notices/read", notices.read_all, name="notice-read"),
    path("notices/settings", notices.notice_settings, name="notice-settings"),
    path("team/webhooks/", webhooks.webhook_list, name="webhook-list"),
    path("team/webhooks/chats", webhooks.chat_rule, name="chat-rule"),
    path("team/webhooks/<int:pk>/", webhooks.webhook_log, name="webhook"),
    path("team/webhooks/<int:pk>/<str:action>", webhooks.webhook_action, name="webhook-action"),
    path(
        "team/webhooks/<int:pk>/deliveries/<int:delivery>/resend",
        webhooks.webhook_resend,
        name="webhook-resend",
    ),
]
