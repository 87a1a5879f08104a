"""Tokens of device agents: issue, check, revoke."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Now

from webapp.accounts.services import audit
from webapp.common.secret_tokens import new_token, used_token
from webapp.devices.models import Device, DeviceToken

PREFIX = "nasd_"


def issue(device: Device, user: Any) -> str:
    """Create a token of the device and return its text, which cannot be read again."""
    text, columns = new_token(PREFIX)
    token = DeviceToken.objects.create(device=device, created_by=user, **columns)
    _audit(f"issued a token of device {device} that ends in {token.hint}", device, user)
    return text


def device_of(text: str) -> Device | None:
    """Return the device that the token belongs to; None if it is unknown or revoked."""
    valid = DeviceToken.objects.filter(revoked_at=None).select_related("device__team")
    token = used_token(valid, text)
    return None if token is None else token.device


def revoke(token: DeviceToken, user: Any) -> bool:
    """Revoke a token at once; return False if it already was."""
    valid = DeviceToken.objects.filter(pk=token.pk, revoked_at=None)
    if not valid.update(revoked_at=Now(), revoked_by=user):
        return False
    device = token.device
    _audit(f"revoked the token of device {device} that ends in {token.hint}", device, user)
    return True


def _audit(text: str, device: Device, user: Any) -> None:
    audit.record("token", text, user=user, team=device.team, link=f"/devices/{device.pk}/")
