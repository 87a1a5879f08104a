"""Child processes: they end with their parent, and are stopped in order."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from nasengine.core.parent_death import end_with_parent


def die_with_parent() -> None:
    """Have the kernel send SIGTERM to this child when its parent dies (Linux only).

    On other systems an orphan runs until it is stopped.
    """
    end_with_parent(signal.SIGTERM)


def spawn(
    command: list[str], environment: dict[str, str], log: Path, folder: Path
) -> subprocess.Popen[bytes]:
    """Start a process in a new session, with its output appended to a log file.

    It forks, so the caller must not compute with OpenBLAS in another thread.
    """
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
            preexec_fn=die_with_parent,  # noqa: PLW1509  it only calls prctl and takes no lock
        )


def end(process: subprocess.Popen[bytes], timeout_seconds: float = 10.0) -> None:
    """Terminate a process, and kill its process group after `timeout_seconds`."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout_seconds)
    kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill every remaining process of the session that `spawn` created."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
