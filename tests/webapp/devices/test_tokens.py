"""Tokens of agents: shown once, stored as a digest, revocable."""

from __future__ import annotations

import pytest

from tests.fixtures.devices import make_device
from webapp.devices.models import DeviceToken
from webapp.devices.services import tokens

pytestmark = pytest.mark.django_db


def test_a_token_belongs_to_its_device_and_only_its_digest_is_stored(team, owner):
    device, other = make_device(team), make_device(team)
    text = tokens.issue(device, owner)
    assert tokens.device_of(text) == device
    assert tokens.device_of(tokens.issue(other, owner)) == other
    stored = DeviceToken.objects.filter(device=device).values().get()
    assert text not in str(stored)
    assert stored["last_used"] is not None


def test_unknown_and_revoked_tokens_belong_to_no_device(team, owner):
    text = tokens.issue(make_device(team), owner)
    assert tokens.device_of(text + "x") is None
    assert tokens.device_of("") is None
    assert tokens.device_of("x" * 10_000) is None
    token = DeviceToken.objects.get()
    assert tokens.revoke(token, owner)
    assert tokens.device_of(text) is None
    assert not tokens.revoke(token, owner)
