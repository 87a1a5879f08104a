"""Load scipy before a comparison needs it, once a person opens a page about runs.

The import takes a second and 45 MB, so neither an idle server nor the first comparison has it.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from threading import Thread
from typing import Any

from django.core.signals import request_started

MODULE = "scipy.stats"
PAGES = ("/runs/", "/studies/", "/compare")  # from these people go to comparisons


def load_statistics(sender: Any, scope: dict[str, Any] | None = None, **more: Any) -> Thread | None:
    """Load scipy in a thread when the first page about runs is requested; a signal receiver."""
    if scope is None or not str(scope.get("path", "")).startswith(PAGES):
        return None
    request_started.disconnect(load_statistics)
    return loading()


@cache
def loading() -> Thread:
    """Return the thread that loads scipy; it is started once."""
    thread = Thread(target=import_module, args=(MODULE,), name="scipy", daemon=True)
    thread.start()
    return thread
