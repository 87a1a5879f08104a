"""The kernels of a step."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile

ROWS = 45


def profile_step(take: Callable[[], object], device: torch.device) -> str:
    """Return the kernels of a step: calls, microseconds in sum, name."""
    for _ in range(3):
        take()
    on_cuda = device.type == "cuda"
    if on_cuda:
        torch.cuda.synchronize()
    activities = [ProfilerActivity.CUDA if on_cuda else ProfilerActivity.CPU]
    with profile(activities=activities) as profiler:
        take()
        if on_cuda:
            torch.cuda.synchronize()
    rows = [
        (event.device_time_total if on_cuda else event.cpu_time_total, event.count, event.key)
        for event in profiler.key_averages()
    ]
    rows = [row for row in rows if row[0]]
    total, calls = sum(row[0] for row in rows), sum(row[1] for row in rows)
    lines = [f"{calls} kernels, {total / 1000:.1f} ms"]
    lines += [
        f"{count:6} {time:9.0f}  {key[:150]}" for time, count, key in sorted(rows)[::-1][:ROWS]
    ]
    return "\n".join(lines)
