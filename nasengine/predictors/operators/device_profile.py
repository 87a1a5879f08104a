"""Device profiles: what a device needs for each kind of operator, with the sources.

A published profile holds published peak figures and the share of them that each kind of operator
reaches; a fitted one holds costs that were fitted to the measurements of a calibration run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ...core.errors import UnknownName
from ...core.json_fields import read_json
from ...core.text import shorten
from .profile_checks import WHAT, check_profile

FOLDER = Path(__file__).parents[1] / "profiles"


@dataclass(frozen=True)
class OperatorCost:
    """Cost of one kind of operator: t = start + operations and traffic (added or the larger).

    Attributes:
        start_us: Microseconds for each operator of the kind, whatever its size.
        gflops: Billion operations per second it reaches.
        gb_s: Gigabytes (10^9) per second it moves.
    """

    start_us: float
    gflops: float
    gb_s: float

    def seconds(self, operations: int, traffic_bytes: int, adds: bool) -> float:
        """Return the time of one operator."""
        arithmetic = operations / (self.gflops * 1e9)
        traffic = traffic_bytes / (self.gb_s * 1e9)
        busy = arithmetic + traffic if adds else max(arithmetic, traffic)
        return self.start_us * 1e-6 + busy


@dataclass(frozen=True)
class DeviceProfile:
    """The fields of a profile file.

    Attributes:
        name: Name of the file without `.json`.
        summary: Description for lists and forms.
        origin: "published" (published specifications, assumed efficiencies) or "fitted" (by a
            calibration run).
        provenance: Source of each group of figures.
        batch: Images or words per forward pass.
        dtype: Number type of the network.
        fuses: The runtime folds normalisations and activations into the operator before them.
        adds: Arithmetic and memory traffic of an operator add up; else the longer one counts.
        pass_us: Microseconds of a forward pass before its first operator.
        costs: Cost of each kind of operator; "other" stands for the kinds that are not named.
        memory_bytes: Memory of the device.
        runtime_bytes: Memory that the runtime itself occupies.
        idle_watts: Power when nothing runs; None: the device's energy is not modelled.
        busy_watts: Power at full use of arithmetic or memory.
        peak_gflops: Data-sheet arithmetic rate for `dtype`, in billion operations per second.
        peak_gb_s: Data-sheet memory bandwidth in gigabytes per second.
    """

    name: str
    summary: str
    origin: str
    provenance: dict[str, str]
    costs: dict[str, OperatorCost]
    batch: int = 1
    dtype: str = "float32"
    fuses: bool = True
    adds: bool = False
    pass_us: float = 0.0
    memory_bytes: int | None = None
    runtime_bytes: int = 0
    idle_watts: float | None = None
    busy_watts: float | None = None
    peak_gflops: float | None = None
    peak_gb_s: float | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    def cost(self, kind: str) -> OperatorCost:
        """Return the cost of a kind of operator."""
        return self.costs.get(kind) or self.costs["other"]

    def to_json(self) -> dict[str, Any]:
        """Return the content of the profile's file."""
        values = asdict(self)
        del values["name"]
        return values

    @classmethod
    def from_json(cls, name: str, values: Mapping[str, Any]) -> DeviceProfile:
        """Return the profile of a file's content.

        Published files give `peak_gflops`, `peak_gb_s`, `start_us` and `efficiency`, a list
        [share of the arithmetic rate, share of the bandwidth] for each kind, instead of `costs`.

        Raises:
            EngineError: a field is missing, unknown or has a wrong value.
        """
        check_profile(values, name)
        values = dict(values)
        efficiency = values.pop("efficiency", None)
        start_us = values.pop("start_us", 0.0)
        if efficiency is not None:
            costs = {
                kind: OperatorCost(
                    start_us, arithmetic * values["peak_gflops"], bandwidth * values["peak_gb_s"]
                )
                for kind, (arithmetic, bandwidth) in efficiency.items()
            }
        else:
            costs = {kind: OperatorCost(**cost) for kind, cost in values.pop("costs").items()}
        return cls(name=name, **{**values, "costs": costs})


@cache
def profiles() -> dict[str, DeviceProfile]:
    """Return all packaged profiles by name.

    Raises:
        EngineError: a file cannot be read, lacks a field, or has a wrong one.
    """
    return {path.stem: read_profile(path) for path in sorted(FOLDER.glob("*.json"))}


def profile(name: str) -> DeviceProfile:
    """Return the packaged profile of that name.

    Raises:
        UnknownName: there is no such profile; the message lists the names.
    """
    try:
        return profiles()[name]
    except KeyError:
        known = ", ".join(profiles())
        raise UnknownName(
            f"{shorten(name)} is not among the device profiles; known: {known}"
        ) from None


def read_profile(path: Path) -> DeviceProfile:
    """Return the profile of a file.

    Raises:
        EngineError: the file cannot be read, or a field is wrong.
    """
    return DeviceProfile.from_json(path.stem, read_json(path, WHAT))


def write_profile(profile: DeviceProfile, path: Path) -> None:
    """Write a profile to a file that `read_profile` reads."""
    path.write_text(json.dumps(profile.to_json(), indent=2) + "\n", encoding="utf-8")
