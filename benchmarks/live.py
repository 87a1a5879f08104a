"""How fast do events reach the open pages of one run, and what does it cost the web process?

    python benchmarks/live.py [--tabs 50] [--slow 10] [--rate 100] [--seconds 300]

Starts servers of its own in a folder that is removed afterwards. Some of the tabs never read
what they are sent. Measures the time from the commit of an event to its arrival at each reading
tab, checks that every event arrives once and in order, and counts the scans of the event table
and the memory of the web process. Prints figures and writes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.site import ROOT, Site, site
from nasengine.objectives.latency.processor import cpu_name

MEMORY_SECONDS = 30.0
DRAIN_SECONDS = 10.0
RECEIVE_BUFFER = 65_536
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Origin: {origin}\r\nCookie: {cookie}\r\n\r\n"
)
# Records events in transactions of their own and prints "seq commit-time" for each.
WRITER = """
import sys, time
import django
django.setup()
from django.db import transaction
from webapp.events.recorder import record
from webapp.runs.services.locking import locked_run
run_id, rate, seconds = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
item = {
    "state": "done", "reason": "", "parents": [1, 2], "origin": "mutation",
    "architecture_id": "0" * 64, "violation": None, "broken": [], "epoch": 3, "epochs": 3,
    "values": {
        name: {"value": 1.5, "unit": "", "device": "", "method": "measured",
               "repetitions": 1, "spread": None}
        for name in ("error", "params", "latency")
    },
    "valid_error": 9.5, "attempts": 1, "ended_order": 7, "started_at": None, "ended_at": None,
}
began = time.monotonic()
for number in range(int(rate * seconds)):
    time.sleep(max(0.0, began + number / rate - time.monotonic()))
    committed = []
    with transaction.atomic():
        transaction.on_commit(lambda: committed.append(time.monotonic()))
        with locked_run(run_id) as run:
            seq = record(run, "candidate", {"number": number, **item}).seq
    print(seq, committed[0], flush=True)
"""


@dataclass
class Tab:
    """Frames of one reading tab: (number, time) of each event, and a count of the others."""

    received: list[tuple[int, float]] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)

    def take(self, text: str, now: float) -> None:
        message = json.loads(text)
        kind = message["type"]
        if kind == "event":
            self.received.append((message["seq"], now))
        elif kind == "events":
            self.received += [(event["seq"], now) for event in message["events"]]
        else:
            self.others[kind] = self.others.get(kind, 0) + 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tabs", type=int, default=50, help="open tabs, slow ones included")
    parser.add_argument("--slow", type=int, default=10, help="tabs that never read")
    parser.add_argument("--rate", type=float, default=100, help="events a second")
    parser.add_argument("--seconds", type=float, default=300)
    options = parser.parse_args()
    print(f"{cpu_name()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with site() as server:
        run = _run(server)
        before = _scans()
        tabs, commits, memory = asyncio.run(_watch(server, run, options))
        _report(options, tabs, commits, memory, _scans() - before)


def _run(server: Site) -> Any:
    from nasengine.core.search_spec import SearchSpec
    from webapp.runs.services.launch import launch

    spec = SearchSpec(
        space="nb201",
        strategy="random",
        estimator="train",
        dataset="digits",
        objectives=("error", "params"),
        candidates=100,
    )
    return launch(server.team, server.user, spec, "watched")


def _scans() -> int:
    """Return how often the event table has been read, by index or from end to end."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT coalesce(idx_scan, 0) + seq_scan FROM pg_stat_user_tables "
            "WHERE relname = 'events_event'"
        )
        return cursor.fetchone()[0]


async def _watch(
    server: Site, run: Any, options: argparse.Namespace
) -> tuple[list[Tab], dict[int, float], list[float]]:
    """Open the tabs, write the events, and return what arrived, the commits and the memory."""
    from websockets.asyncio.client import connect

    path = f"/ws/runs/{run.pk}/?after={run.seq}"
    slow = [_open_without_reading(server, path) for _ in range(options.slow)]
    tabs = [Tab() for _ in range(options.tabs - options.slow)]
    sockets = [
        await connect(
            server.url.replace("http", "ws", 1) + path,
            origin=server.url,
            additional_headers={"Cookie": server.cookie},
        )
        for _ in tabs
    ]
    readers = [asyncio.create_task(_read(s, t)) for s, t in zip(sockets, tabs, strict=True)]
    memory: list[float] = []
    watcher = asyncio.create_task(_memory(server, memory))
    commits = await asyncio.to_thread(_write, server, run, options)
    deadline = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < deadline and any(len(t.received) < len(commits) for t in tabs):
        await asyncio.sleep(0.1)
    memory.append(server.resident_mb())
    for task in (watcher, *readers):
        task.cancel()
    for connection in slow:
        connection.close()
    return tabs, commits, memory


def _open_without_reading(server: Site, path: str) -> socket.socket:
    host = urlsplit(server.url).netloc
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    connection.connect((urlsplit(server.url).hostname, urlsplit(server.url).port))
    request = HANDSHAKE.format(path=path, host=host, origin=server.url, cookie=server.cookie)
    connection.sendall(request.encode())
    answer = connection.recv(12)
    if answer != b"HTTP/1.1 101":
        raise SystemExit(f"a slow tab was refused: {answer!r}")
    return connection


async def _read(connection: Any, tab: Tab) -> None:
    async for text in connection:
        tab.take(text, time.monotonic())


async def _memory(server: Site, memory: list[float]) -> None:
    while True:
        await asyncio.sleep(MEMORY_SECONDS)
        memory.append(server.resident_mb())


def _write(server: Site, run: Any, options: argparse.Namespace) -> dict[int, float]:
    command = [sys.executable, "-c", WRITER, str(run.pk), str(options.rate), str(options.seconds)]
    done = subprocess.run(
        command, cwd=ROOT, env=server.environment, capture_output=True, text=True, check=True
    )
    pairs = (line.split() for line in done.stdout.splitlines())
    return {int(seq): float(at) for seq, at in pairs}


def _report(
    options: argparse.Namespace,
    tabs: list[Tab],
    commits: dict[int, float],
    memory: list[float],
    scans: int,
) -> None:
    waits = sorted(at - commits[seq] for tab in tabs for seq, at in tab.received)
    wanted = list(commits)
    lost = sum(len(set(wanted) - {seq for seq, _ in tab.received}) for tab in tabs)
    doubled = sum(len(tab.received) - len({seq for seq, _ in tab.received}) for tab in tabs)
    ordered = all(sorted(tab.received) == tab.received for tab in tabs)
    length = max(commits.values()) - min(commits.values())
    print(f"{options.tabs} tabs, {options.slow} of them never reading")
    print(f"{len(commits)} events in {length:.0f} s: {len(commits) / max(length, 1e-9):.0f} /s")
    print(
        f"commit to tab: median {1000 * statistics.median(waits):.0f} ms, "
        f"p95 {1000 * waits[int(0.95 * len(waits))]:.0f} ms, most {1000 * waits[-1]:.0f} ms"
    )
    print(f"lost {lost}, doubled {doubled}, in order: {'yes' if ordered else 'no'}")
    print(f"reads of the event table: {scans} ({scans / len(commits):.2f} per event)")
    print("memory of the web process in MB:", ", ".join(f"{mb:.0f}" for mb in memory))


if __name__ == "__main__":
    main()
