"""Numbers from the environment: the message names a wrong one and the remedy."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from webapp.environment import seconds, whole


def test_defaults_and_given_values(monkeypatch):
    assert (seconds("LEASE_SECONDS", 30), whole("MAX_ATTEMPTS", 3)) == (30.0, 3)
    monkeypatch.setenv("LEASE_SECONDS", " 4.5 ")
    monkeypatch.setenv("MAX_ATTEMPTS", "7")
    assert (seconds("LEASE_SECONDS", 30), whole("MAX_ATTEMPTS", 3)) == (4.5, 7)
    monkeypatch.setenv("LEASE_SECONDS", "")
    assert seconds("LEASE_SECONDS", 30) == 30.0


@pytest.mark.parametrize("text", ["soon", "nan", "inf", "-1", "0", "1e999", "3,5", "x" * 100_000])
def test_a_value_that_is_not_a_time_is_refused(monkeypatch, text):
    monkeypatch.setenv("LEASE_SECONDS", text)
    with pytest.raises(ImproperlyConfigured, match=r"LEASE_SECONDS is .*seconds above 0") as caught:
        seconds("LEASE_SECONDS", 30)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("text", ["many", "0", "-3", "2.5", "٣", "9" * 5000])
def test_a_value_that_is_not_a_count_is_refused(monkeypatch, text):
    monkeypatch.setenv("MAX_ATTEMPTS", text)
    with pytest.raises(ImproperlyConfigured, match=r"MAX_ATTEMPTS is .*whole number above 0"):
        whole("MAX_ATTEMPTS", 3)
