"""Names of queues for forms and launches."""

from __future__ import annotations

from webapp.common.queue_names import DEFAULT_QUEUE, QUEUE_NAME
from webapp.runs.models import Device
from webapp.runs.queries import served_queues


def queue_error(name: str) -> str:
    """Return why a text is no name of a queue; "" if it is one."""
    if QUEUE_NAME.fullmatch(name):
        return ""
    return f"is no name of a queue (got {name[:40]!r}): use one such as cpu"


def known_queues() -> list[str]:
    """Return the queues that are worth offering: of live workers and of devices."""
    devices = set(Device.objects.values_list("queue", flat=True))
    return sorted({DEFAULT_QUEUE, *served_queues(), *devices})
