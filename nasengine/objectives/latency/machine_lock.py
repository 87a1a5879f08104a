"""A lock file that allows one timing at a time per machine."""

from __future__ import annotations

import fcntl
import os
import platform
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...core.errors import EngineError
from ...core.interleaving import hand_on, uninterrupted

TIMEOUT_SECONDS = 300.0
POLL_SECONDS = 0.02


def lock_path() -> Path:
    """Return the lock file; the host name separates machines with a shared temporary folder."""
    machine = re.sub(r"[^\w.-]", "_", platform.node() or "machine")
    return Path(tempfile.gettempdir()) / f"paretoscope-timing-{machine}.lock"


@contextmanager
def exclusive(timeout: float = TIMEOUT_SECONDS) -> Iterator[None]:
    """Wait for the timings of other processes, then hold the lock inside the block.

    The lock is advisory; the kernel releases it when the process ends. Other trainings of this
    process pause meanwhile, see `core.interleaving`.

    Raises:
        EngineError: other processes held the lock for `timeout` seconds.
    """
    handle = _opened(lock_path())
    try:
        _acquire(handle, timeout)
        with uninterrupted():
            yield
    finally:
        os.close(handle)


def _acquire(handle: int, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise EngineError(
                    f"other processes have held {lock_path()} for {timeout:g} s, and simultaneous "
                    "timings on one machine disturb each other: end these processes"
                ) from None
            hand_on()
            time.sleep(POLL_SECONDS)


def _opened(path: Path) -> int:
    """Open the lock file, creating it if necessary.

    It is opened for reading before it is created: in a shared temporary folder Linux refuses
    to open another user's file with O_CREAT, and a lock needs no write permission.
    """
    for attempt in (os.O_RDONLY, os.O_RDONLY | os.O_CREAT | os.O_EXCL, os.O_RDONLY):
        try:
            return os.open(path, attempt | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        except (FileNotFoundError, FileExistsError):
            continue
        except OSError as error:
            raise EngineError(
                f"{path} cannot be opened ({error.strerror}): timing uses it as a lock; remove it"
            ) from None
    raise EngineError(
        f"{path} is created and removed repeatedly: timing uses it as a lock; do not remove it"
    )
