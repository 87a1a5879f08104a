"""Measurement: a number that says where it comes from."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from .errors import NotFinite

Method = Literal["measured", "counted", "modelled", "tabular"]


@dataclass(frozen=True)
class Measurement:
    """One value of one objective, with unit, device, method, repetitions and spread.

    `objective` is the full name, device included ("latency@cpu"); `spread` is half the
    interquartile range of the repetitions in the same unit, None where there is one.
    `detail` holds what a reader needs to repeat it (batch, dtype, threads, clock ...).

    Raises:
        NotFinite: the value is not finite. Such an outcome ends as diverged or failed
            instead; no NaN travels as a measurement.
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
