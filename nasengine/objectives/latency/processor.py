"""Name and clock of the CPU, for the provenance of measurements."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

CPU_FACTS = Path("/proc/cpuinfo")


@cache
def cpu_name() -> str:
    """Return the model name of the CPU."""
    return cpu_fact("model name") or platform.processor() or platform.machine()


def cpu_clock_mhz() -> float | None:
    """Return the current clock of the first core in MHz, None if the system does not report it."""
    try:
        return float(cpu_fact("cpu MHz") or "")
    except ValueError:
        return None


def cpu_fact(key: str, facts: Path = CPU_FACTS) -> str | None:
    """Return the first value of a key in /proc/cpuinfo."""
    try:
        lines = facts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        name, colon, value = line.partition(":")
        if colon and name.strip() == key:
            return value.strip()
    return None
