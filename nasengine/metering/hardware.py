"""Facts about this machine: processor, memory, clock and temperature, where they are readable."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import Any

CPU_FACTS = Path("/proc/cpuinfo")
MODEL_FILE = Path("/proc/device-tree/model")  # boards such as the Raspberry Pi
THERMAL = Path("/sys/class/thermal")
CLOCK_FILE = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq")
CPU_SENSORS = ("coretemp", "k10temp", "cpu_thermal", "cpu-thermal", "soc_thermal")


def machine_facts() -> dict[str, Any]:
    """Return hardware, system, cores and memory of this machine; unknown ones are left out."""
    facts: dict[str, Any] = {
        "hardware": hardware_name(),
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "memory_bytes": memory_bytes(),
    }
    return {name: value for name, value in facts.items() if value}


def hardware_name() -> str:
    """Return the name of the board, otherwise of the processor."""
    with suppress(OSError):
        return MODEL_FILE.read_text(errors="replace").strip("\x00\n ")
    return cpu_fact("model name") or platform.processor() or platform.machine()


def cpu_fact(key: str, facts: Path = CPU_FACTS) -> str | None:
    """Return the first value of a key in /proc/cpuinfo."""
    with suppress(OSError):
        for line in facts.read_text(encoding="utf-8", errors="replace").splitlines():
            name, colon, value = line.partition(":")
            if colon and name.strip() == key:
                return value.strip()
    return None


def memory_bytes() -> int | None:
    """Return the memory of the machine; None without psutil."""
    try:
        import psutil
    except ImportError:
        return None
    return int(psutil.virtual_memory().total)


def clock_mhz() -> float | None:
    """Return the present clock of the first core in MHz; None if it is unknown."""
    with suppress(OSError, ValueError):
        return int(CLOCK_FILE.read_text()) / 1000
    with suppress(TypeError, ValueError):
        return float(cpu_fact("cpu MHz") or "")
    return None


def temperature_c(thermal: Path = THERMAL) -> float | None:
    """Return the temperature of the processor in degrees Celsius; None without a sensor."""
    with suppress(ImportError, AttributeError, OSError):
        import psutil

        sensors = psutil.sensors_temperatures()
        for name in CPU_SENSORS:
            if sensors.get(name):
                return max(float(entry.current) for entry in sensors[name])
    readings = []
    for file in sorted(thermal.glob("thermal_zone*/temp")):
        with suppress(OSError, ValueError):
            readings.append(int(file.read_text()) / 1000)
    return max(readings, default=None)


def condition() -> dict[str, float]:
    """Return clock and temperature now; what cannot be read is left out."""
    read = {"clock_mhz": clock_mhz(), "temperature_c": temperature_c()}
    return {name: round(value, 1) for name, value in read.items() if value is not None}
