"""Values from the environment: the message names a wrong one and the remedy."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import ConnectionHandler, OperationalError

from webapp.common.outage import is_outage
from webapp.environment import DEAD_SERVER, database_from_url, seconds, whole
from webapp.start.servers import environment_of


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


@pytest.mark.django_db
def test_a_database_server_that_hangs_is_an_outage_soon():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgresql://anybody@127.0.0.1:{silent.getsockname()[1]}/workbench"
        settings = database_from_url(address)
        assert settings["OPTIONS"] == DEAD_SERVER
        assert int(DEAD_SERVER["connect_timeout"]) <= 5
        settings = database_from_url(f"{address}?connect_timeout=2")
        assert settings["OPTIONS"] == {**DEAD_SERVER, "connect_timeout": "2"}
        started = time.monotonic()
        with pytest.raises(OperationalError, match="timeout") as caught:
            ConnectionHandler({"default": settings})["default"].ensure_connection()
    assert time.monotonic() - started < 20  # without it, 130 s
    assert is_outage(caught.value)


@pytest.mark.parametrize("given", [None, "", "/elsewhere:/data"])
def test_data_are_read_only_from_var_data_unless_folders_are_named(tmp_path, given):
    """Settings limit this process and the trainer processes, which inherit the variable."""
    code = "import os, django; django.setup(); print(os.environ['PARETOSCOPE_DATA_ROOTS'])"
    variables = {"PARETOSCOPE_VAR": tmp_path, "PARETOSCOPE_DATA_ROOTS": given}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment_of(**variables, DJANGO_SETTINGS_MODULE="webapp.settings"),
        capture_output=True,
        text=True,
        check=True,
    )
    default = os.pathsep.join((f"{tmp_path}/data", "/usr/share/datasets"))
    assert done.stdout.strip() == (given or default)
