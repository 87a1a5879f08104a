"""Energy sources: counters that wrap around, tegrastats' lines, meters of other packages."""

from __future__ import annotations

import stat

import pytest

from nasengine.metering.energy import finding, source
from nasengine.metering.energy.rapl import Rapl
from nasengine.metering.energy.source import EnergySource, Unavailable, idle_watts, measure_window
from nasengine.metering.energy.tegrastats import Tegrastats, total_watts


def package(folder, number, energy, full=1000):
    path = folder / f"intel-rapl:{number}"
    (path / "intel-rapl:0:0").mkdir(parents=True)
    (path / "energy_uj").write_text(str(energy))
    (path / "max_energy_range_uj").write_text(str(full))
    return path / "energy_uj"


def test_rapl_adds_the_packages_and_continues_a_counter_that_wraps_around(tmp_path):
    first, second = package(tmp_path, 0, 900), package(tmp_path, 1, 10)
    rapl = Rapl(tmp_path)
    assert rapl.joules() == 0.0
    first.write_text("950")
    second.write_text("30")
    assert rapl.joules() == pytest.approx(70e-6)
    first.write_text("20")  # 50 to the end and 20 more
    assert rapl.joules() == pytest.approx(140e-6)


def test_a_machine_without_rapl_says_so(tmp_path):
    with pytest.raises(Unavailable, match="no RAPL counters"):
        Rapl(tmp_path)


@pytest.mark.parametrize(
    ("line", "watts"),
    [
        ("RAM 2448/7772MB CPU [1%@729] VDD_IN 4912mW/4870mW VDD_CPU_GPU_CV 480mW/480mW", 4.912),
        ("RAM 1/7846MB cpu@30C VDD_IN 2532/2532 VDD_CPU 307/307", 2.532),
        ("RAM 1/3964MB POM_5V_IN 1875/1875 POM_5V_GPU 0/0", 1.875),
        ("RAM 1/3964MB CPU [1%@102]", None),
    ],
)
def test_the_total_power_in_a_line_of_tegrastats(line, watts):
    assert total_watts(line) == watts


def test_tegrastats_is_integrated_over_time(tmp_path):
    script = tmp_path / "tegrastats"
    script.write_text("#!/bin/sh\nwhile true; do echo 'VDD_IN 5000mW/5000mW'; sleep 0.02; done\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    stats = Tegrastats(str(script))
    try:
        began = source.time.monotonic()
        first, read = stats.joules(), source.time.monotonic()
        while source.time.monotonic() < read + 0.3:
            pass
        again = source.time.monotonic()
        joules, ended = stats.joules() - first, source.time.monotonic()
    finally:
        stats.close()
    # This process may be stopped between a reading of the energy and one of the clock.
    assert 4.99 * (again - read) < joules < 5.01 * (ended - began)


class Meter(EnergySource):
    """Two watts by a clock that the test turns."""

    name = "bench meter"
    tier = "meter"
    now = 0.0

    def joules(self):
        return 2.0 * Meter.now


class Clock:
    """A clock on which each pass takes half a second."""

    def monotonic(self):
        return Meter.now

    def sleep(self, seconds):
        Meter.now += seconds


def test_windows_last_at_least_five_seconds(monkeypatch):
    monkeypatch.setattr(source, "time", Clock())
    window = measure_window(Meter(), lambda: Clock().sleep(0.5), seconds=1.0)
    assert (window.repetitions, window.seconds, window.joules) == (10, 5.0, 10.0)
    assert idle_watts(Meter()) == pytest.approx(2.0)


class Point:
    """An entry point of another package."""

    name = "bench"

    def __init__(self, load):
        self.load = load


def test_a_meter_comes_before_counters_and_a_broken_one_is_named(monkeypatch):
    monkeypatch.setattr(finding, "entry_points", lambda group: [Point(lambda: Meter)])
    found, reason = finding.energy_source("cpu")
    assert isinstance(found, Meter)
    assert reason == ""
    monkeypatch.setattr(finding, "COUNTERS", {})
    monkeypatch.setattr(finding, "entry_points", lambda group: [Point(lambda: 1 / 0)])
    found, reason = finding.energy_source("cpu")
    assert found is None
    assert reason == "the meter bench cannot be used (division by zero)"
