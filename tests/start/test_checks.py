"""Checks before the start: every problem is one line with its remedy."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from webapp.start.checks import (
    StartRefused,
    check_broker,
    check_database,
    check_folder,
    check_port,
    only_one,
    without_password,
)


def refused(check, *arguments) -> str:
    """Return the one-line message with which a check refuses."""
    with pytest.raises(StartRefused) as caught:
        check(*arguments)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_a_missing_folder_is_created_and_an_existing_one_is_kept(tmp_path):
    check_folder(tmp_path / "a" / "b")
    check_folder(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_folder_that_cannot_be_written_names_the_variable(tmp_path):
    (tmp_path / "file").write_text("")
    line = refused(check_folder, tmp_path / "file" / "var")
    assert str(tmp_path / "file" / "var") in line and "PARETOSCOPE_VAR" in line


def test_a_port_in_use_suggests_the_next_one():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = refused(check_port, "127.0.0.1", port)
    assert f"port {port} on 127.0.0.1" in line and f"PORT={port + 1} make run" in line


@pytest.mark.parametrize("port", [0, 65536, 99999])
def test_a_port_number_out_of_range_is_refused(port):
    assert f"port {port} does not exist" in refused(check_port, "127.0.0.1", port)


def test_a_host_of_another_machine_is_refused():
    assert "cannot be used" in refused(check_port, "192.0.2.1", 8000)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://a:secret@b/c", "DATABASE_URL is not postgresql://"),
        ("postgresql://host-without-name", "DATABASE_URL is not postgresql://"),
        ("postgresql://x:secret@127.0.0.1:1/db", "no database at postgresql://x:***@127.0.0.1:1"),
        ("postgresql://x:secret@127.0.0.1:no/db", "no database at"),
    ],
)
def test_a_wrong_database_url_is_one_line_without_the_password(url, message):
    line = refused(check_database, url)
    assert message in line and "DATABASE_URL" in line and "secret" not in line


def test_an_unreachable_database_is_reported_with_its_url():
    from tests.conftest import POSTGRES

    line = refused(check_database, POSTGRES.address("nowhere"))
    assert 'database "nowhere" does not exist' in line
    check_database(POSTGRES.address("postgres"))


@pytest.mark.parametrize("url", ["redis://:secret@127.0.0.1:1/0", "http://127.0.0.1", "nonsense"])
def test_a_wrong_broker_url_is_reported(url):
    line = refused(check_broker, url)
    assert "no broker at" in line and "BROKER_URL" in line and "secret" not in line


def test_a_wrong_broker_password_is_reported():
    from tests.conftest import VALKEY

    check_broker(VALKEY.url)
    assert "no broker" in refused(check_broker, f"redis://:wrong@127.0.0.1:{VALKEY.port}/0")


def test_passwords_are_not_printed():
    assert without_password("postgresql://a:b@c/d") == "postgresql://a:***@c/d"
    assert without_password("postgresql://a@c/d") == "postgresql://a@c/d"


def test_one_workbench_locks_the_folder_and_its_death_releases_it(tmp_path):
    code = (
        "import sys, time, pathlib\n"
        "from webapp.start.checks import only_one\n"
        "with only_one(pathlib.Path(sys.argv[1]), 'http://first'):\n"
        "    print('held', flush=True); time.sleep(600)\n"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert first.stdout.readline() == "held\n"
        with pytest.raises(StartRefused, match="http://first") as caught, only_one(tmp_path, "x"):
            pass
        assert str(first.pid) in str(caught.value)
    finally:
        first.kill()
        first.wait(10)
        first.stdout.close()
    with only_one(tmp_path, "http://second"):
        assert f"process {os.getpid()}" in (tmp_path / "up.lock").read_text()
    assert (tmp_path / "up.lock").read_text() == ""
