"""Child processes that end with their parent."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent(number: int = signal.SIGKILL) -> None:
    """Have the kernel send this process a signal when its parent dies (Linux only).

    It may run in a child between fork and exec: it takes no lock.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def is_orphan(parent: int) -> bool:
    """Return whether the parent died, perhaps before `end_with_parent` was called."""
    return os.getppid() != parent
