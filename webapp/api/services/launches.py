"""Launching by a program: a repeated request with the same key launches nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import Model

from webapp.accounts.models import Team, User
from webapp.api.models import LaunchKey

M = TypeVar("M", bound=Model)


class KeyReused(Exception):
    """The key belongs to a launch with other settings."""


def once(
    kind: LaunchKey.Kind,
    *,
    team: Team,
    user: User,
    key: str,
    request: dict[str, Any],
    create: Callable[[], M],
) -> tuple[M, bool]:
    """Launch something, or return what the same request with this key launched before.

    Args:
        kind: what is launched.
        team: the team of the launch.
        user: who launches.
        key: the key of the request; "" launches in any case.
        request: the whole request.
        create: launches and returns the row.

    Returns:
        The row, and whether it is new.

    Raises:
        InvalidSettings: names every wrong setting.
        KeyReused: the key belongs to another request.
    """
    if not key:
        return create(), True
    text = json.dumps(
        [kind, team.pk, request] if kind != "run" else [team.pk, request], sort_keys=True
    )
    digest = hashlib.sha256(text.encode()).hexdigest()
    if (earlier := _earlier(kind, user, key, digest)) is not None:
        return earlier, False
    try:
        with transaction.atomic():
            row = create()
            LaunchKey.objects.create(user=user, key=key, digest=digest, **{kind.value: row})
    except IntegrityError:  # the same request at the same moment
        earlier = _earlier(kind, user, key, digest)
        if earlier is None:
            raise
        return earlier, False
    return row, True


def _earlier(kind: LaunchKey.Kind, user: User, key: str, digest: str) -> Any:
    row = LaunchKey.objects.filter(user=user, key=key).first()
    if row is None:
        return None
    if row.digest != digest:
        used = next(k for k in LaunchKey.Kind.values if getattr(row, f"{k}_id") is not None)
        number = getattr(row, f"{used}_id")
        raise KeyReused(
            f"The key {key!r} launched {used} {number} with other settings; use another key."
        )
    return getattr(row, kind.value)
