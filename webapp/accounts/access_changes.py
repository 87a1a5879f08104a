"""Notifications about changes of a user's access, for pages that are open.

Signals send them, so every path is covered: pages, the admin, the API and commands. They carry no
data: who receives one reads the database again. Losing one costs time, because open sockets also
check at intervals.
"""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.signals import post_delete, post_save

from webapp.common.channel_groups import send_to_group

from .models import Membership, User

log = logging.getLogger(__name__)


def access_group(user_id: int) -> str:
    """Return the name of the channel group of a user's open sockets."""
    return f"access.{user_id}"


def connect() -> None:
    """Connect the signals; called once, when the application is loaded."""
    for signal in (post_save, post_delete):
        signal.connect(_user_changed, sender=User, dispatch_uid="access of users")
        signal.connect(_membership_changed, sender=Membership, dispatch_uid="access of members")
    # Sign-out, and a change of the password, delete the session.
    post_delete.connect(_session_deleted, sender=Session, dispatch_uid="access of sessions")


def _user_changed(instance: User, created: bool = False, **_: Any) -> None:
    if not created:
        _notify_after_commit(instance.pk)


def _membership_changed(instance: Membership, **_: Any) -> None:
    _notify_after_commit(instance.user_id)


def _session_deleted(instance: Session, **_: Any) -> None:
    text = str(instance.get_decoded().get(SESSION_KEY, ""))
    if text.isdecimal():
        _notify_after_commit(int(text))


def _notify_after_commit(user_id: int) -> None:
    transaction.on_commit(lambda: _notify(user_id))


def _notify(user_id: int) -> None:
    try:
        send_to_group(access_group(user_id), {"type": "access.changed"})
    except Exception as error:  # the change is stored; sockets find it at their next check
        log.warning("open pages of user %s were not notified (%s)", user_id, error)
