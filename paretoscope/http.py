"""Requests to the API with the standard library only."""

from __future__ import annotations

import http.client
import json
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

ATTEMPTS = 5
LOST = (urllib.error.URLError, ConnectionError, TimeoutError)
RETRIED = (429, 502, 503, 504)
TIMEOUT_SECONDS = 60
UPLOAD_SECONDS = 3600


class ApiError(Exception):
    """The workbench refused a request, or does not answer.

    Attributes:
        status: HTTP status; 0 if there was no answer.
        errors: what is wrong with single values, as {"pointer": ..., "detail": ...}.
    """

    def __init__(self, status: int, detail: str, errors: list[dict[str, str]] | None = None):
        self.status = status
        self.errors = errors or []
        lines = [f"{error['pointer']}: {error['detail']}" for error in self.errors]
        super().__init__("; ".join([detail, *lines]))


@dataclass(frozen=True)
class Message:
    """A message of a stream; `data` is None for a sign of life."""

    event: str = "message"
    data: Any = None


class Connection:
    """Sends requests with the token; repeats those that got no answer and are safe to repeat."""

    def __init__(self, url: str, token: str):
        self.base = url.rstrip("/") + "/api"
        self.token = token

    def get(self, path: str, **query: Any) -> Any:
        """Return the answer of a GET; values of the query that are None are left out."""
        pairs = {name: value for name, value in query.items() if value not in (None, [], "")}
        text = urllib.parse.urlencode(pairs, doseq=True)
        return self._sent("GET", f"{path}?{text}" if text else path, None, {})

    def post(
        self,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        attempts: int = ATTEMPTS,
    ) -> Any:
        """Return the answer of a POST; several attempts need a request that is safe to repeat."""
        return self._sent("POST", path, {} if body is None else body, headers or {}, attempts)

    def send_file(self, path: str, file: str | Path, seconds: float, **query: Any) -> Any:
        """Return the answer of a POST whose body is a file, which is read while it is sent.

        Raises:
            ApiError: the workbench refuses the file, or does not answer.
        """
        text = urllib.parse.urlencode({n: v for n, v in query.items() if v})
        source = Path(file)
        with source.open("rb") as content:
            request = urllib.request.Request(f"{self.base}{path}?{text}", content, method="POST")
            request.add_header("Authorization", f"Bearer {self.token}")
            request.add_header("Content-Type", "application/octet-stream")
            request.add_header("Content-Length", str(source.stat().st_size))
            try:
                with urllib.request.urlopen(request, timeout=seconds) as response:
                    return json.loads(response.read())
            except urllib.error.HTTPError as refusal:
                raise _refused(refusal) from None
            except (urllib.error.URLError, http.client.HTTPException) as reason:
                raise ApiError(0, f"no answer from {self.base}: {reason}") from None

    def patch(self, path: str, body: Any) -> Any:
        """Return the answer of a PATCH, which is safe to repeat."""
        return self._sent("PATCH", path, body, {})

    def delete(self, path: str) -> Any:
        """Return the answer of a DELETE."""
        return self._sent("DELETE", path, None, {}, attempts=1)

    def pages(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield the rows of all pages."""
        cursor = ""
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page["items"]
            if page["next"] is None:
                return
            cursor = page["next"]

    def save(self, path: str, file: str | Path) -> Path:
        """Write the answer of a GET to a file; after a lost connection only the rest is sent.

        An incomplete download leaves no file.

        Raises:
            ApiError: the workbench refuses the request, or the connection was lost too often.
        """
        target = Path(file)
        partial = target.with_name(target.name + ".part")
        tag, error = "", ""
        try:
            with partial.open("wb") as out:
                for attempt in range(ATTEMPTS):
                    rest = {"Range": f"bytes={out.tell()}-", "If-Range": tag}
                    try:
                        headers = rest if tag and out.tell() else {}
                        with self._opened(path, headers, TIMEOUT_SECONDS) as answer:
                            tag = answer.headers.get("ETag", "")
                            _append(answer, out)
                        break
                    except (http.client.HTTPException, *LOST) as reason:
                        error = str(reason)
                    time.sleep(0.2 * 2**attempt)
                else:
                    raise ApiError(0, f"no answer from {self.base}: {error}")
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return target

    def messages(self, path: str, after: int, seconds: float) -> Iterator[Message]:
        """Yield the messages of a stream after a number, until it ends or is silent too long.

        Raises:
            ApiError: the workbench refuses the stream, or does not answer.
        """
        headers = {"Last-Event-ID": str(after), "Accept": "text/event-stream"}
        fields: dict[str, str] = {}
        try:
            with self._opened(path, headers, min(seconds, TIMEOUT_SECONDS)) as answer:
                for line in answer:
                    name, _, value = line.decode().rstrip("\n").partition(": ")
                    if name:
                        fields[name] = value
                    elif fields:
                        data = json.loads(fields["data"]) if "data" in fields else None
                        yield Message(fields.get("event", "message"), data)
                        fields = {}
                    else:
                        yield Message()
        except TimeoutError:
            return
        except (OSError, http.client.HTTPException) as reason:
            raise ApiError(0, f"no answer from {self.base}: {reason}") from None

    def _opened(self, path: str, headers: Mapping[str, str], seconds: float) -> Any:
        request = urllib.request.Request(self.base + path, headers=dict(headers))
        request.add_header("Authorization", f"Bearer {self.token}")
        try:
            return urllib.request.urlopen(request, timeout=seconds)
        except urllib.error.HTTPError as refusal:
            raise _refused(refusal) from None

    def _sent(
        self,
        method: str,
        path: str,
        body: Any,
        headers: Mapping[str, str],
        attempts: int = ATTEMPTS,
    ) -> Any:
        content = None if body is None else json.dumps(body).encode()
        for attempt in range(attempts):
            request = urllib.request.Request(self.base + path, content, method=method)
            request.add_header("Authorization", f"Bearer {self.token}")
            request.add_header("Content-Type", "application/json")
            for name, value in headers.items():
                request.add_header(name, value)
            error = ApiError(0, f"no answer from {self.base}")
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
                    return json.loads(response.read())
            except urllib.error.HTTPError as refusal:
                error = _refused(refusal)
                if error.status not in RETRIED:
                    raise error from None
            except (OSError, http.client.HTTPException, ValueError) as reason:
                error = ApiError(0, f"no answer from {self.base}: {reason}")
            if attempt == attempts - 1:
                raise error
            time.sleep(0.2 * 2**attempt)
        raise AssertionError("unreachable")


def _append(answer: Any, out: BinaryIO) -> None:
    """Write an answer behind what the file has; a whole answer replaces that.

    Raises:
        ConnectionError: the answer is shorter than announced.
    """
    if answer.status != http.client.PARTIAL_CONTENT:
        out.seek(0)
        out.truncate()
    begin, announced = out.tell(), answer.headers.get("Content-Length")
    shutil.copyfileobj(answer, out)
    if announced is not None and out.tell() - begin < int(announced):
        raise ConnectionError(f"{out.tell() - begin} of {announced} bytes were sent")


def _refused(refusal: urllib.error.HTTPError) -> ApiError:
    try:
        document = json.loads(refusal.read())
        return ApiError(refusal.code, document["detail"], document.get("errors"))
    except (ValueError, KeyError, TypeError):
        return ApiError(refusal.code, f"{refusal.code} {refusal.reason}")
