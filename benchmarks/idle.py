"""How much processor time and memory does the whole of `make run` use while nothing happens?

    python benchmarks/idle.py [--seconds 60] [--settle 30]

Starts `manage.py up` in a folder that is removed afterwards, waits until it has settled, and adds
up all its processes: PostgreSQL, Valkey, web server, coordinator, worker and `up` itself. Memory
is the proportional set size (PSS): what processes share is divided by their number. Prints
figures, and writes nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from nasengine.objectives.latency.processor import cpu_name
from webapp.start.servers import free_port

ROOT = Path(__file__).resolve().parents[1]
MAX_CORE_PERCENT = 2.0
MAX_MEGABYTES = 350.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to measure")
    parser.add_argument("--settle", type=float, default=30.0, help="how long to wait before")
    options = parser.parse_args()
    print(f"{cpu_name()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(prefix="paretoscope-idle-") as folder:
        process = _start(Path(folder))
        try:
            time.sleep(options.settle)
            _measure(process.pid, options.seconds)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _start(folder: Path) -> subprocess.Popen[str]:
    """Start `manage.py up` and return once it has printed its address."""
    command = [sys.executable, "manage.py", "up", "--no-first-run", "--port", str(free_port())]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PARETOSCOPE_VAR": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "open http" in line:
            return process
    raise SystemExit("the workbench did not start")


def _measure(pid: int, seconds: float) -> None:
    before = _usage(pid)
    began = time.monotonic()
    time.sleep(seconds)
    after, lasted = _usage(pid), time.monotonic() - began
    groups: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for key, (name, cpu, pss) in after.items():
        used = cpu - before[key][1] if key in before else cpu
        for column, value in enumerate((1.0, 100 * used / lasted, pss / 1e6)):
            groups[name][column] += value
    print("process: number, percent of one core, MB (PSS)")
    for name, (number, core, megabytes) in sorted(groups.items()):
        print(f"{name}: {number:.0f}, {core:.2f}, {megabytes:.0f}")
    core, megabytes = (sum(group[i] for group in groups.values()) for i in (1, 2))
    torch = sum("workers.trainer" in name for name in groups)
    print(f"all: {core:.2f} % of one core, {megabytes:.0f} MB, {torch} with torch")
    print(f"bounds: {MAX_CORE_PERCENT:g} % of one core, {MAX_MEGABYTES:g} MB")


def _usage(pid: int) -> dict[int, tuple[str, float, float]]:
    """Return the name, processor seconds and PSS of `up`, its children and its servers."""
    top = psutil.Process(pid)
    usage = {}
    for process in [top, *top.children(recursive=True), *_postgres(top)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            pss = process.memory_full_info().pss
            usage[process.pid] = (_name(process), times.user + times.system, pss)
    return usage


def _postgres(top: psutil.Process) -> list[psutil.Process]:
    """Return PostgreSQL's processes, which are no children: its starter detaches it."""
    folder = top.environ()["PARETOSCOPE_VAR"]
    pid = int((Path(folder) / "postgres" / "postmaster.pid").read_text().split()[0])
    server = psutil.Process(pid)
    if top in server.parents():
        return []
    return [server, *server.children(recursive=True)]


def _name(process: psutil.Process) -> str:
    line = " ".join(process.cmdline())
    for name in ("workers.trainer", "coordinator", "evaluation", "webapp.serve", "manage.py up"):
        if name in line:
            return name
    return process.name()


if __name__ == "__main__":
    main()
