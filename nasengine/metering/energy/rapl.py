"""RAPL: the energy counters of x86 processors, read from Linux's powercap files."""

from __future__ import annotations

from pathlib import Path

from .source import EnergySource, Unavailable

POWERCAP = Path("/sys/class/powercap")


class Rapl(EnergySource):
    """Sum of the processor packages; a counter that wraps around is continued."""

    name = "RAPL"
    tier = "counter"

    def __init__(self, powercap: Path = POWERCAP):
        packages = sorted(powercap.glob("intel-rapl:[0-9]*"))
        self._packages = [path for path in packages if path.name.count(":") == 1]
        if not self._packages:
            raise Unavailable("this machine has no RAPL counters")
        try:
            self._ranges = [_number(path / "max_energy_range_uj") for path in self._packages]
            self._last = self._read()
        except PermissionError:
            raise Unavailable(
                f"the RAPL counters in {powercap} may only be read by root: "
                f"allow it with chmod a+r {powercap}/intel-rapl:*/energy_uj"
            ) from None
        except (OSError, ValueError) as error:
            raise Unavailable(f"the RAPL counters cannot be read ({error})") from None
        self._total_uj = 0

    def joules(self) -> float:
        now = self._read()
        for last, current, full in zip(self._last, now, self._ranges, strict=True):
            self._total_uj += current - last if current >= last else current - last + full
        self._last = now
        return self._total_uj / 1e6

    def _read(self) -> list[int]:
        return [_number(path / "energy_uj") for path in self._packages]


def _number(path: Path) -> int:
    return int(path.read_text())
