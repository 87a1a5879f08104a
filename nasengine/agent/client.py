"""Requests to the workbench: JSON over HTTPS with the standard library."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 60.0
MAX_ANSWER_BYTES = 500_000_000
PROBLEM = "application/problem+json"


class Unreachable(Exception):
    """The workbench cannot be reached or is not ready; the same request may succeed later."""


class Refused(Exception):
    """The workbench refused a request, and would refuse it again.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, status: int, text: str):
        super().__init__(text)
        self.status = status


class Client:
    """Connection to one workbench as one device.

    Args:
        server: Address such as https://workbench.example.
        token: The token of the device.

    Raises:
        ValueError: the address is not one of HTTP, or sends the token unencrypted to another
            machine.
    """

    def __init__(self, server: str, token: str, insecure: bool = False):
        parts = urlsplit(server)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{server} is no address: write https://HOST or http://HOST:PORT")
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if parts.scheme == "http" and not local and not insecure:
            raise ValueError(
                f"{server} would send the token unencrypted: use https, or --insecure in a "
                "network that you trust"
            )
        self._base = f"{server.rstrip('/')}/api/agent"
        self._token = token
        self._tls = ssl.create_default_context()

    def post(self, path: str, values: dict[str, Any], timeout: float = TIMEOUT_SECONDS) -> Any:
        """Send JSON and return the JSON of the answer; None if it is empty.

        Raises:
            Unreachable: no connection, or an error of the server.
            Refused: any other error.
        """
        content = self._send(path, json.dumps(values).encode(), timeout)
        return json.loads(content) if content else None

    def download(self, path: str) -> bytes:
        """Return a file; errors as in `post`."""
        return self._send(path, None, TIMEOUT_SECONDS)

    def _send(self, path: str, body: bytes | None, timeout: float) -> bytes:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(f"{self._base}{path}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout, context=self._tls) as answer:
                content: bytes = answer.read(MAX_ANSWER_BYTES)
                return content
        except urllib.error.HTTPError as error:
            text = _problem(error)
            if error.code >= 500 or error.code in (408, 425, 429):
                raise Unreachable(text) from None
            raise Refused(error.code, text) from None
        except (OSError, ValueError) as error:  # URLError and timeouts are OSErrors
            raise Unreachable(f"{self._base}: {getattr(error, 'reason', error)}") from None


def _problem(error: urllib.error.HTTPError) -> str:
    """Return the text of a problem document (RFC 9457), else the status."""
    try:
        problem = json.loads(error.read(100_000))
        return f"{problem['title']}: {problem.get('detail', '')}".rstrip(": ")
    except (OSError, ValueError, KeyError, TypeError):
        return f"HTTP {error.code} {error.reason}"
