"""An open page without a browser: a snapshot, moved by the frames of a real socket."""

from __future__ import annotations

import json
import threading
from typing import Any

from django.db import connection
from django.test import Client
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from webapp.runs.models import Run
from webapp.runs.snapshot import snapshot

from ..webapp.live.reducer import Page


class OpenPage(threading.Thread):
    """Listens until `close`; opens its socket again after every loss, as the browser does."""

    def __init__(self, run: Run, user: Any, url: str):
        super().__init__(daemon=True)
        self.run_id = run.pk
        self.url = url
        self.cookie = _cookie_of(user)
        self.page = Page(as_json(snapshot(run)))
        self.frames: dict[str, int] = {}
        self.losses = 0
        self._closing = threading.Event()

    @property
    def seq(self) -> int:
        return self.page.seq

    def close(self) -> None:
        """Ends the thread."""
        self._closing.set()
        self.join(10)

    def run(self) -> None:
        while not self._closing.is_set():
            try:
                self._listen()
            except (OSError, WebSocketException):
                self.losses += 1
                self._closing.wait(0.2)
        connection.close()

    def _listen(self) -> None:
        address = self.url.replace("http", "ws", 1)
        target = f"{address}/ws/runs/{self.run_id}/?after={self.seq}"
        headers = {"Cookie": self.cookie}
        with connect(target, origin=self.url, additional_headers=headers, open_timeout=5) as socket:
            while not self._closing.is_set():
                try:
                    self._take(json.loads(socket.recv(timeout=0.2), parse_constant=_refuse))
                except TimeoutError:
                    continue

    def _take(self, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        self.frames[kind] = self.frames.get(kind, 0) + 1
        if kind == "reset":
            self.page = Page(as_json(snapshot(Run.objects.get(pk=self.run_id))))
        elif kind == "event":
            self.page.apply(frame)


def as_json(value: Any) -> Any:
    """The value as it comes out of strict JSON."""
    return json.loads(json.dumps(value, allow_nan=False))


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def _cookie_of(user: Any) -> str:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
