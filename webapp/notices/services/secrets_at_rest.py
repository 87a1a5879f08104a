"""Encrypting the stored secrets of webhooks and chats with the present secret key."""

from __future__ import annotations

from django.db import transaction

from webapp.notices.models import NoticeSettings, Webhook


@transaction.atomic
def encrypt_all() -> int:
    """Encrypt every secret again; return how many. Secrets that cannot be read stay as they are."""
    count = 0
    for hook in Webhook.objects.select_for_update():
        count += bool(hook.secret) and Webhook.objects.filter(pk=hook.pk).update(secret=hook.secret)
    for own in NoticeSettings.objects.select_for_update():
        rows = NoticeSettings.objects.filter(pk=own.pk)
        count += bool(own.chat_address) and rows.update(chat_address=own.chat_address)
    return count
