"""Static finder for the script of the installed plotly package, which need not be vendored."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

NAME = "plotly.min.js"


class PlotlyStorage(FileSystemStorage):
    """The folder of the script inside package `plotly`."""

    prefix = "vendor/plotly"  # where collectstatic puts it


class PlotlyFinder(BaseFinder):
    """Find the static file vendor/plotly/plotly.min.js in package `plotly`."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        folder = str(files("plotly") / "package_data")
        self.storage = PlotlyStorage(location=folder)

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        if path != f"{self.storage.prefix}/{NAME}":
            return []
        script = self.storage.path(NAME)
        return [script] if find_all else script

    def list(self, ignore_patterns: Any) -> Iterable[tuple[str, FileSystemStorage]]:
        yield NAME, self.storage
