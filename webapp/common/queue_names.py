"""Names of the queues in which work waits."""

from __future__ import annotations

import re

DEFAULT_QUEUE = "cpu"
CUDA_QUEUE = "cuda"
COORDINATOR_QUEUE = "coordinator"  # of messages that advance runs; no work waits in it
QUEUE_NAME = re.compile(r"[\w.-]{1,40}")
