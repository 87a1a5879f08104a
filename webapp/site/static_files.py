"""Addresses of static files that change with their content: /static/VERSION/js/live.js.

All files share one version, so relative imports between scripts, and files that a stylesheet
names, are of the version of the page. Browsers keep them for ever. With DEBUG the addresses are
plain and edited files are served at once.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from wsgiref.headers import Headers

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware

LENGTH = 12  # hexadecimal digits of a version
Stamp = tuple[int, int]  # time of the last change in ns, size in bytes


@cache
def version() -> str:
    """Return the version: a digest of the names and contents of all static files."""
    contents: dict[str, str] = {}
    for finder in finders.get_finders():
        for name, storage in finder.list([]):
            contents.setdefault(name, storage.path(name))
    digest = hashlib.sha256()
    for name in sorted(contents):
        content = Path(contents[name]).read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:LENGTH]


def _stamp(path: str) -> Stamp:
    found = os.stat(path)
    return found.st_mtime_ns, found.st_size


class VersionedStorage(StaticFilesStorage):
    """Static files whose addresses have the version, as `{% static %}` writes them."""

    def url(self, name: str | None) -> str:
        """Return the address of a file."""
        return super().url(name if settings.DEBUG else f"{version()}/{name}")


class VersionedFilesMiddleware(WhiteNoiseMiddleware):
    """Serve static files under the current version, and without one for pages of errors.

    Other versions are not found, so a page of an earlier release never gets a newer script. A
    file that is edited while the server runs is served as it is now, and not kept.
    """

    def __init__(self, *arguments: Any, **named: Any):
        self._stamps: dict[str, tuple[str, Stamp]] = {}  # address -> path, state at the start
        self._edited: set[str] = set()
        super().__init__(*arguments, **named)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Serve a static file, or pass the request on."""
        self._read_again(request.path_info)
        response: HttpResponseBase = super().__call__(request)
        return response

    def add_file_to_dictionary(self, url: str, path: str, stat_cache: Any = None) -> None:
        """Register a file under both addresses."""
        name = url.removeprefix(self.static_prefix)
        for address in (url, f"{self._versioned_prefix}{name}"):
            self._stamps[address] = path, _stamp(path)
            super().add_file_to_dictionary(address, path, stat_cache=stat_cache)

    def add_cache_headers(self, headers: Headers, path: str, url: str) -> None:
        """Let browsers keep the file for ever, a minute, or not at all."""
        if path in self._edited:
            headers["Cache-Control"] = "no-store"
        else:
            super().add_cache_headers(headers, path, url)

    def immutable_file_test(self, path: str, url: str) -> bool:
        """Return whether browsers may keep the file for ever."""
        return url.startswith(self._versioned_prefix)

    def _read_again(self, address: str) -> None:
        """Register a file again that was edited: its length and headers are others."""
        if address not in self._stamps:
            return
        path, stamp = self._stamps[address]
        with suppress(OSError):
            now = _stamp(path)
            if now != stamp:
                self._edited.add(path)
                self._stamps[address] = path, now
                super().add_file_to_dictionary(address, path)

    @property
    def _versioned_prefix(self) -> str:
        return f"{self.static_prefix}{version()}/"
