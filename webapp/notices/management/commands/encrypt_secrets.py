"""`manage.py encrypt_secrets`: encrypts stored secrets with the present SECRET_KEY."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from webapp.notices.services.secrets_at_rest import encrypt_all


class Command(BaseCommand):
    """After this, earlier keys can be left out of SECRET_KEY_FALLBACKS."""

    help = "Encrypts the secrets of webhooks and chats with the present SECRET_KEY."

    def handle(self, *_: Any, **__: Any) -> None:
        self.stdout.write(f"{encrypt_all()} secrets encrypted")
