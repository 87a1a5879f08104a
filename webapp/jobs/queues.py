"""Names of queues for forms and launches."""

from __future__ import annotations

import re

from webapp.runs.models import Device
from webapp.runs.queries import served_queues

NAME = re.compile(r"[\w.-]{1,40}")


def queue_error(name: str) -> str:
    """Return why a text is no name of a queue; "" if it is one."""
    if NAME.fullmatch(name):
        return ""
    return f"is no name of a queue (got {name[:40]!r}): use one such as cpu"


def known_queues() -> list[str]:
    """Return the queues that are worth offering: of live workers and of devices."""
    devices = set(Device.objects.values_list("queue", flat=True))
    return sorted({"cpu", *served_queues(), *devices})
