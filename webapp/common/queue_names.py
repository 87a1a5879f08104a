"""Names of the queues in which work waits."""

from __future__ import annotations

import re

DEFAULT_QUEUE = "cpu"
CUDA_QUEUE = "cuda"
COORDINATOR_QUEUE = "coordinator"  # of messages that advance runs; no work waits in it
DEVICE_PREFIX = "device:"  # of queues in which trained candidates wait for their device's agent
QUEUE_NAME = re.compile(r"[\w.-]{1,40}")


def device_queue(name: str) -> str:
    """Return the queue of candidates that wait for the agent of a device."""
    return f"{DEVICE_PREFIX}{name}"
