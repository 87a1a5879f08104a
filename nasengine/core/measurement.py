"""Measurement: a value with its unit and provenance."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from .errors import NotFinite

# The tier of a value. "measured": timed or read on the device; "meter" and "counter": energy from
# an external meter or the device's own counter; "counted": from the network itself; "tabular": from
# a benchmark table; "predicted": from measurements of other networks; "modelled": from a profile.
Method = Literal["measured", "meter", "counter", "counted", "tabular", "predicted", "modelled"]


@dataclass(frozen=True)
class Measurement:
    """One value of one objective with its provenance.

    Attributes:
        objective: Full name including the device ("latency@cpu").
        spread: Half the interquartile range of the repetitions, in the same unit; None for a
            single value.
        detail: Conditions needed to repeat the measurement (batch, dtype, threads, clock ...).

    Raises:
        NotFinite: the value is NaN or infinite. The candidate then ends as diverged or failed.
    """

    objective: str
    value: float
    unit: str
    device: str | None = None
    method: Method = "measured"
    repetitions: int = 1
    spread: float | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise NotFinite(f"{self.objective} is {self.value}: a measurement must be finite")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Measurement:
        return cls(**value)
