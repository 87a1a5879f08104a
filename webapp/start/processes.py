"""Child processes: they die with their parent, and end in order."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """In the child, before it runs: on Linux it gets SIGTERM when its parent dies.

    Elsewhere an orphan goes on until it is ended by hand.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def spawn(
    command: list[str], environment: dict[str, str], log: Path, folder: Path
) -> subprocess.Popen[bytes]:
    """Starts a process in a session of its own, its output appended to a log file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as file:
        return subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509  only prctl, no lock is taken
        )


def end(process: subprocess.Popen[bytes], patience_seconds: float = 10.0) -> None:
    """Asks a process to end, and kills its whole group if it does not."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_seconds)
    kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kills whatever is left of the session that `spawn` opened for a process."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
