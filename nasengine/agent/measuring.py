"""Measure one objective of one network: the work of the child process.

    python -m nasengine.agent.measuring < job.json > answer.json

A process of its own keeps the agent alive if a runtime crashes, and its memory is the network's.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..metering.cost_units import COST_UNITS
from ..metering.energy.finding import energy_source
from ..metering.energy.source import facts_of, idle_watts, measure_window
from ..metering.hardware import condition
from ..metering.sampling import Limits, repeat
from ..metering.summary import Summary, summarize
from .runtimes import available, runtime_class
from .runtimes.runtime import Runtime, example

MAX_SAMPLES = 1000
ENERGY_WINDOWS = 3


class Unmeasurable(Exception):
    """The device cannot measure the objective of the network; the text is the reason."""


def measure(job: dict[str, Any]) -> dict[str, Any]:
    """Measure a job and return the result in the form of the workbench's API.

    Args:
        job: `path` of the ONNX file, `objective`, `batch`, `threads` (null: the runtime's
            choice), `runtime` (null: the first one found) and `seconds`, the longest time.

    Raises:
        Unmeasurable: the device has no runtime or no energy source, or cannot run the network.
    """
    before, resident = condition(), resident_bytes()
    engine = _loaded(job)
    values = example(engine.inputs(), job["batch"])
    facts: dict[str, Any] = {"threads": job["threads"], "processor": engine.processor}
    taken = MEASURES[job["objective"]](engine, values, job, facts, resident)
    after = condition()
    facts |= {"before": before, "after": after}
    samples, summary, method = taken
    return {
        "objective": job["objective"],
        "value": summary.median,
        "unit": COST_UNITS[job["objective"]],
        "low": summary.low,
        "high": summary.high,
        "spread": summary.spread,
        "repetitions": summary.count,
        "samples": kept(samples),
        "method": method,
        "runtime": engine.name,
        "runtime_version": available().get(engine.name, "unknown"),
        "layers": list(engine.layers),
        "conditions": facts,
    }


def kept(samples: list[float]) -> list[float]:
    """Return at most `MAX_SAMPLES` samples, evenly spread over the time of the measurement."""
    step = -(-len(samples) // MAX_SAMPLES)
    return [float(f"{sample:.6g}") for sample in samples[::step]]


def resident_bytes(status: Path = Path("/proc/self/status"), key: str = "VmRSS") -> int | None:
    """Return the memory of this process now (VmRSS) or at its peak (VmHWM); None if unknown."""
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return None
    found = (line.split()[1] for line in lines if line.startswith(f"{key}:"))
    return next((int(kilobytes) * 1024 for kilobytes in found), None)


def _loaded(job: dict[str, Any]) -> Runtime:
    name = job["runtime"] or next(iter(available()), None)
    if name is None:
        raise Unmeasurable(
            "this device has no runtime for ONNX files: pip install onnxruntime, openvino or "
            "tensorrt"
        )
    try:
        return runtime_class(name)(Path(job["path"]), job["threads"])
    except Exception as error:  # every runtime has its own errors
        raise Unmeasurable(f"{name} cannot load the network: {error}") from error


Taken = tuple[list[float], Summary, str]
Measure = Callable[
    [Runtime, dict[str, np.ndarray], dict[str, Any], dict[str, Any], int | None], Taken
]


def _latency(engine: Any, values: Any, job: Any, facts: Any, resident: Any) -> Taken:
    def run() -> float:
        begun = time.perf_counter_ns()
        engine.run(values)
        return (time.perf_counter_ns() - begun) / 1e6

    limits = Limits(seconds=job["seconds"])
    samples, summary, narrow = repeat(run, limits)
    facts |= {"warm_up": limits.warm_up, "interval_reached": narrow}
    return samples, summary, "measured"


def _throughput(engine: Any, values: Any, job: Any, facts: Any, resident: Any) -> Taken:
    samples, _, method = _latency(engine, values, job, facts, resident)
    per_second = [1000 * job["batch"] / milliseconds for milliseconds in samples]
    return per_second, summarize(per_second), method


def _energy(engine: Any, values: Any, job: Any, facts: Any, resident: Any) -> Taken:
    windows, tier = _windows(engine, values, facts)
    samples = [window.millijoules() for window in windows]
    return samples, summarize(samples), tier


def _power(engine: Any, values: Any, job: Any, facts: Any, resident: Any) -> Taken:
    windows, tier = _windows(engine, values, facts)
    samples = [window.watts for window in windows]
    return samples, summarize(samples), tier


def _windows(engine: Any, values: Any, facts: dict[str, Any]) -> tuple[list[Any], str]:
    source, reason = energy_source(engine.runs_on)
    if source is None:
        raise Unmeasurable(f"this device has no energy source: {reason}")
    try:
        idle = idle_watts(source)
        engine.run(values)
        windows = [
            measure_window(source, lambda: engine.run(values)) for _ in range(ENERGY_WINDOWS)
        ]
    finally:
        source.close()
    facts |= facts_of(source, idle, windows)
    return windows, source.tier


def _memory(engine: Any, values: Any, job: Any, facts: Any, resident: int | None) -> Taken:
    for _ in range(3):
        engine.run(values)
    peak = resident_bytes(key="VmHWM")
    if engine.runs_on != "cpu" or peak is None or resident is None:
        raise Unmeasurable(
            f"memory of a network on {engine.processor} cannot be measured on this device"
        )
    facts["counted"] = "peak of the process above its size before the network was loaded"
    samples = [float(peak - resident)]
    return samples, summarize(samples), "measured"


MEASURES: dict[str, Measure] = {
    "latency": _latency,
    "throughput": _throughput,
    "energy": _energy,
    "power": _power,
    "memory": _memory,
}


def main() -> None:
    """Read a job from standard input and write the result, or the reason, to standard output."""
    job = json.load(sys.stdin)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries that print must not disturb the answer
    try:
        answer: dict[str, Any] = {"result": measure(job)}
    except Exception as error:
        text = str(error) if isinstance(error, Unmeasurable) else f"{type(error).__name__}: {error}"
        answer = {"failure": text}
    json.dump(answer, out)
    out.close()


if __name__ == "__main__":
    main()
