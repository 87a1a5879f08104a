"""The names of the chips that measurements come from."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

CPU_FACTS = Path("/proc/cpuinfo")


@cache
def cpu_name() -> str:
    """The processor's model as the system names it."""
    return cpu_fact("model name") or platform.processor() or platform.machine()


def cpu_clock_mhz() -> float | None:
    """The first core's clock at this moment in MHz, None where the system does not tell."""
    try:
        return float(cpu_fact("cpu MHz") or "")
    except ValueError:
        return None


def cpu_fact(key: str, facts: Path = CPU_FACTS) -> str | None:
    """The first value of a key in /proc/cpuinfo."""
    try:
        lines = facts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        name, colon, value = line.partition(":")
        if colon and name.strip() == key:
            return value.strip()
    return None
