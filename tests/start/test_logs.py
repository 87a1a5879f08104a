"""Logs stay bounded while their processes write."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.conftest import POSTGRES
from webapp.start.logs import Logs
from webapp.start.processes import end, spawn

LIMIT = 20_000
WRITER = """
import sys
for number in range(10**9):
    print(f"line {number}", flush=True)
"""


def numbers(path: Path) -> list[int]:
    """Return the numbers of complete lines: the last one may have been copied in part."""
    lines = path.read_text().splitlines(keepends=True)
    return [int(line.split()[1]) for line in lines if line.count(" ") == 1 and line.endswith("\n")]


def test_a_running_process_keeps_a_bounded_log(tmp_path):
    log = tmp_path / "log" / "web.log"
    process = spawn([sys.executable, "-c", WRITER], dict(os.environ), log, tmp_path)
    logs = Logs(tmp_path, LIMIT)
    try:
        for _ in range(20):
            before = log.stat().st_size if log.exists() else 0
            deadline = time.monotonic() + 120
            while not log.exists() or log.stat().st_size <= max(LIMIT, before):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            logs.trim()
    finally:
        end(process)
    old = log.with_name("web.log.1")
    assert b"\0" not in log.read_bytes()[:LIMIT]  # it continues at the start of the file
    kept = numbers(old)
    assert kept and kept == list(range(kept[0], kept[-1] + 1))
    assert min(numbers(log), default=kept[-1] + 1) > kept[-1]
    assert sorted(path.name for path in log.parent.iterdir()) == ["web.log", "web.log.1"]


def test_a_small_log_and_a_missing_one_are_left_alone(tmp_path):
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "web.log").write_text("x" * LIMIT)
    Logs(tmp_path, LIMIT).trim()
    assert [path.name for path in (tmp_path / "log").iterdir()] == ["web.log"]


def test_only_the_end_of_a_huge_log_is_kept(tmp_path):
    """Also the logs of the servers, in whose folders nothing is added."""
    for name in ("log/web.log", "postgres/log", "valkey/valkey.log"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("".join(f"line {i}\n" for i in range(10_000)))
    Logs(tmp_path, LIMIT).trim()
    for name in ("log/web.log", "postgres/log", "valkey/valkey.log"):
        assert (tmp_path / name).read_text() == ""
    for name in ("web", "postgres", "valkey"):
        old = tmp_path / "log" / f"{name}.log.1"
        assert old.stat().st_size <= LIMIT
        assert numbers(old)[-1] == 9999
    assert [path.name for path in (tmp_path / "postgres").iterdir()] == ["log"]


def test_postgres_appends_to_its_log():
    """Otherwise it would go on writing behind a gap after its log was emptied."""
    log = POSTGRES.folder / "log"
    os.truncate(log, 0)
    with pytest.raises(psycopg.Error):
        POSTGRES.execute("SELECT 1/0")
    deadline = time.monotonic() + 120
    while b"division by zero" not in log.read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert b"\0" not in log.read_bytes()
