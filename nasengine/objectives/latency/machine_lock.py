"""One timing at a time on a machine, whoever asks for it."""

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

TIMEOUT_SECONDS = 300.0
POLL_SECONDS = 0.02


def lock_path() -> Path:
    """The lock file of this machine; its name tells machines with a shared folder apart."""
    machine = re.sub(r"[^\w.-]", "_", platform.node() or "machine")
    return Path(tempfile.gettempdir()) / f"paretoscope-timing-{machine}.lock"


@contextmanager
def alone(timeout: float = TIMEOUT_SECONDS) -> Iterator[None]:
    """Waits until no other process on this machine is timing, then keeps the others waiting.

    The lock is advisory and ends with the process that holds it, however that ends.

    Raises:
        EngineError: others have been timing for all of `timeout` seconds.
    """
    handle = _opened(lock_path())
    try:
        _acquire(handle, timeout)
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
                    f"other processes have been timing on this machine for {timeout:g} s, and two "
                    f"timings would disturb each other: end what holds {lock_path()}"
                ) from None
            time.sleep(POLL_SECONDS)


def _opened(path: Path) -> int:
    """The lock file, made if need be.

    It is opened for reading before it is created: in a shared temporary folder Linux
    refuses to open another user's file with the wish to create it, and a lock needs no
    right to write.
    """
    for attempt in (os.O_RDONLY, os.O_RDONLY | os.O_CREAT | os.O_EXCL, os.O_RDONLY):
        try:
            return os.open(path, attempt | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        except (FileNotFoundError, FileExistsError):
            continue
        except OSError as error:
            raise EngineError(
                f"{path} cannot be opened ({error.strerror}): timing needs it as a lock; remove it"
            ) from None
    raise EngineError(f"{path} comes and goes: timing needs it as a lock; leave it in place")
