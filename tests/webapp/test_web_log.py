"""The log of the web server: clients that misbehave or leave cause no traceback."""

from __future__ import annotations

import base64
import os
import socket
import struct
import time

import pytest
from django.test import Client

from tests.fixtures.factories import make_run
from webapp.events.recorder import record
from webapp.runs.services.locking import locked_run

pytestmark = pytest.mark.django_db(transaction=True)
LINGER_NONE = struct.pack("ii", 1, 0)  # closing then resets the connection


class Visitor:
    """Raw connections to the web server."""

    def __init__(self, port: int, cookie: str):
        self.port, self.cookie = port, cookie

    def talk(self, raw: bytes, *, read: int = 0, reset: bool = False, wait: float = 0.0) -> bytes:
        """Send bytes, read some of the answer, and close."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            connection.settimeout(60)
            connection.sendall(raw)
            answer = connection.recv(read) if read else b""
            time.sleep(wait)
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
        return answer

    def request(
        self, path: str, method: str = "GET", host: str = "127.0.0.1", more: str = ""
    ) -> bytes:
        cookie = f"Cookie: sessionid={self.cookie}\r\n"
        return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{cookie}{more}\r\n".encode("latin1")

    def handshake(self, path: str, origin: str = "http://127.0.0.1") -> bytes:
        key = base64.b64encode(os.urandom(16)).decode()
        upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        return self.request(path, more=f"{upgrade}Sec-WebSocket-Key: {key}\r\nOrigin: {origin}\r\n")


@pytest.fixture
def scene(fleet, team, researcher):
    run = make_run(team)
    client = Client()
    client.force_login(researcher, backend="django.contrib.auth.backends.ModelBackend")
    fleet.start_web()
    port = int(fleet.url.rsplit(":", 1)[1])
    return fleet, run, Visitor(port, client.cookies["sessionid"].value)


def test_wrong_hosts_and_closed_tabs_leave_no_traceback(scene):
    fleet, run, visitor = scene
    page, live = f"/runs/{run.pk}/", f"/ws/runs/{run.pk}/?after=0"
    for host in ("evil.test", "[", "a:b", "x" * 300, "\xff"):
        assert b" 400 " in visitor.talk(visitor.request("/", host=host), read=100)
        assert b" 400 " in visitor.talk(visitor.request("/healthz", host=host), read=100)
    for reset in (False, True):
        visitor.talk(visitor.request(page), reset=reset)
        visitor.talk(visitor.request(page), reset=reset, wait=0.02)
        visitor.talk(visitor.request(page), read=100, reset=reset)
        visitor.talk(
            visitor.request("/static/vendor/plotly-basic-4.1.1/plotly-basic.min.js"),
            read=10,
            reset=reset,
        )
        long = "Content-Length: 90000\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        visitor.talk(visitor.request("/runs/new", "POST", more=long) + b"name=x", reset=reset)
        much = "Content-Length: 900000000\r\nContent-Type: text/csv\r\n"
        visitor.talk(visitor.request("/runs/new", "POST", more=much) + b"name=x", reset=reset)
        visitor.talk(visitor.request("/sign-in/", "POST", more="Transfer-Encoding: chunked\r\n"))
        visitor.talk(visitor.handshake(live), reset=reset)
        visitor.talk(visitor.handshake(live), read=50, reset=reset)
        visitor.talk(visitor.handshake(live) + b"\x81\xfe\xff\xff garbage", read=900, reset=reset)
        visitor.talk(visitor.handshake("/ws/nothing/"), read=100, reset=reset)
        visitor.talk(visitor.handshake(live, origin="http://["), read=100, reset=reset)
        visitor.talk(visitor.handshake(live, origin="https://evil.test"), read=100, reset=reset)
    for step in range(30):  # closed at every stage of a page and of a socket
        visitor.talk(visitor.request(page), reset=True, wait=step / 300)
        visitor.talk(visitor.handshake(live), reset=True, wait=step / 300)
    with locked_run(run.pk) as locked:  # sent to sockets that are gone
        record(locked, "log", {"level": "info", "text": "a line", "number": None})
    visitor.talk(b"\x16\x03\x01 not HTTP\r\n\r\n", read=100)
    time.sleep(1)
    assert b" 200 " in visitor.talk(visitor.request(page), read=100)
    assert "Traceback" not in fleet.log("web")
    assert "Exception" not in fleet.log("web")
