"""Addresses of static files that change with their content: /static/VERSION/js/live.js.

All files share one version, so relative imports between scripts, and files that a stylesheet
names, are of the version of the page. Browsers keep them for ever. With DEBUG the addresses are
plain and edited files are served at once.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise.middleware import WhiteNoiseMiddleware

LENGTH = 12  # hexadecimal digits of a version


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


class VersionedStorage(StaticFilesStorage):
    """Static files whose addresses have the version, as `{% static %}` writes them."""

    def url(self, name: str | None) -> str:
        """Return the address of a file."""
        return super().url(name if settings.DEBUG else f"{version()}/{name}")


class VersionedFilesMiddleware(WhiteNoiseMiddleware):
    """Serve static files under the current version, and without one for pages of errors.

    Other versions are not found, so a page of an earlier release never gets a newer script.
    """

    def add_file_to_dictionary(self, url: str, path: str, stat_cache: Any = None) -> None:
        """Register a file under both addresses."""
        name = url.removeprefix(self.static_prefix)
        for address in (url, f"{self._versioned_prefix}{name}"):
            super().add_file_to_dictionary(address, path, stat_cache=stat_cache)

    def immutable_file_test(self, path: str, url: str) -> bool:
        """Return whether browsers may keep the file for ever."""
        return url.startswith(self._versioned_prefix)

    @property
    def _versioned_prefix(self) -> str:
        return f"{self.static_prefix}{version()}/"
