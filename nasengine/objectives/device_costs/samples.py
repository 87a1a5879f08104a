"""Repeated measurements of a cost as one measurement: median, spread and 95 % interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ...core.measurement import Measurement
from ...core.objective import Objective
from ...metering.summary import summarize
from ..common.device_files import DeviceFile


def median_of(
    objective: Objective,
    device: DeviceFile,
    samples: Sequence[float],
    detail: Mapping[str, Any],
    method: Literal["measured", "meter", "counter"] = "measured",
) -> Measurement:
    """Return the median of the samples with its spread; `low` and `high` join the detail."""
    summary = summarize(samples)
    return Measurement(
        f"{objective.kind}@{device.name}",
        summary.median,
        objective.unit,
        device=device.name,
        method=method,
        repetitions=summary.count,
        spread=summary.spread,
        detail={**detail, "low": summary.low, "high": summary.high},
    )
