"""tegrastats: the power sensors of NVIDIA Jetson modules, integrated over time."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
import time

from .source import EnergySource, Unavailable

INTERVAL_MS = 100
FIRST_LINE_SECONDS = 5.0
# Total input power by module: Xavier and Orin; TX2; TX1 and Nano.
RAILS = (r"VDD_IN (\d+)mW", r"VDD_IN (\d+)/", r"POM_5V_IN (\d+)/")


class Tegrastats(EnergySource):
    """Energy of the whole module. Each reading counts until the next one."""

    name = "tegrastats"
    tier = "counter"

    def __init__(self, command: str = "tegrastats"):
        path = shutil.which(command)
        if path is None:
            raise Unavailable("this machine has no tegrastats, which Jetson modules have")
        self._process = subprocess.Popen(
            [path, "--interval", str(INTERVAL_MS)], stdout=subprocess.PIPE, text=True
        )
        self._lock = threading.Lock()
        self._joules, self._watts, self._since = 0.0, 0.0, time.monotonic()
        self._first = threading.Event()
        threading.Thread(target=self._follow, name="tegrastats", daemon=True).start()
        if not self._first.wait(FIRST_LINE_SECONDS):
            self.close()
            raise Unavailable("tegrastats reports no total power of this module")

    def joules(self) -> float:
        with self._lock:
            self._advance()
            return self._joules

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()

    def _follow(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            watts = total_watts(line)
            if watts is not None:
                with self._lock:
                    self._advance()
                    self._watts = watts
                self._first.set()

    def _advance(self) -> None:
        now = time.monotonic()
        if self._first.is_set():
            self._joules += self._watts * (now - self._since)
        self._since = now


def total_watts(line: str) -> float | None:
    """Return the total input power in a line of tegrastats; None if it has none."""
    for rail in RAILS:
        if match := re.search(rail, line):
            return int(match[1]) / 1000
    return None
