"""Secrets at rest: encrypted, readable after a change of the key, lost without the old key."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection

from tests.fixtures.people import make_user
from webapp.common.encryption import PREFIX, CannotDecrypt, decrypt, encrypt
from webapp.notices.models import NoticeSettings, Webhook
from webapp.notices.services import webhooks

pytestmark = pytest.mark.django_db
CHAT = "slack://secret-token/channel"


def raw(table: str, column: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")
        return cursor.fetchone()[0]


def stored() -> tuple[str, str]:
    return raw("notices_webhook", "secret"), raw("notices_noticesettings", "chat_address")


@pytest.fixture
def secret(team) -> str:
    """The secret of a webhook; next to it there is a chat address."""
    user = make_user("olga", team, "owner")
    NoticeSettings.objects.create(user=user, chat_address=CHAT)
    return webhooks.create(team, user, name="hook", url="https://example.org/", kinds=[])[1]


def readable() -> tuple[str, str]:
    return Webhook.objects.get().secret, NoticeSettings.objects.get().chat_address


def test_the_database_holds_no_secret_and_a_new_key_reads_the_old_ones(secret, settings, capsys):
    assert all(text.startswith(PREFIX) for text in stored())
    assert secret not in str(stored()) and "secret-token" not in str(stored())
    assert encrypt(secret) != encrypt(secret) and encrypt("") == ""
    before = stored()
    old, settings.SECRET_KEY = settings.SECRET_KEY, "a new key " * 5
    assert readable() == ("", "")  # pages work without the old key
    with pytest.raises(CannotDecrypt, match="SECRET_KEY_FALLBACKS"):
        decrypt(before[0])
    call_command("encrypt_secrets")  # it cannot read them, and keeps them
    assert stored() == before and "0 secrets" in capsys.readouterr().out
    settings.SECRET_KEY_FALLBACKS = [old]
    assert readable() == (secret, CHAT)
    call_command("encrypt_secrets")
    settings.SECRET_KEY_FALLBACKS = []
    assert readable() == (secret, CHAT) and "2 secrets" in capsys.readouterr().out


def test_secrets_of_earlier_versions_are_encrypted_by_the_migration(secret):
    migration = import_module("webapp.notices.migrations.0003_encrypted_secrets")
    migration.decrypt(apps, None)
    assert stored() == (secret, CHAT) == readable()
    migration.encrypt(apps, None)
    assert all(text.startswith(PREFIX) for text in stored()) and readable() == (secret, CHAT)
