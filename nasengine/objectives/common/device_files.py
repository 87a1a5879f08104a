"""Devices: one JSON file each, which says how costs on it come about."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from ...core.errors import EngineError, UnknownName

FOLDER = Path(__file__).parents[1] / "devices"


@dataclass(frozen=True)
class DeviceFile:
    """What is known of a device.

    `method` is "measured" (networks run on it, by a worker that listens to `queue`) or
    "tabular" (its costs exist only as columns of a benchmark table); `values` says
    whether a table's numbers were measured or modelled. `costs` are the objectives it
    has. The rest says how a measured one is timed: `runs_on` is torch's name of it,
    `threads` None leaves the process as it is, `seconds` is the least time spent on
    repetitions.
    """

    name: str
    summary: str
    method: str
    costs: tuple[str, ...]
    provenance: str
    batch: int = 1
    dtype: str | None = None
    values: str = "measured"
    queue: str | None = None
    runs_on: str | None = None
    memory_format: str = "contiguous"
    threads: int | None = None
    warm_up: int | None = None
    repetitions: int | None = None
    seconds: float | None = None


@cache
def devices() -> dict[str, DeviceFile]:
    """Every device by name, those measured here first.

    Raises:
        EngineError: a file lacks a field or has one too many; names it.
    """
    found = [_read(path) for path in sorted(FOLDER.glob("*.json"))]
    found.sort(key=lambda device: (device.method != "measured", device.name))
    return {device.name: device for device in found}


def device(name: str) -> DeviceFile:
    """The device of that name.

    Raises:
        UnknownName: lists the names there are.
    """
    try:
        return devices()[name]
    except KeyError:
        known = ", ".join(devices())
        raise UnknownName(f"{name[:60]!r} is not among the devices; known: {known}") from None


def measured_device(kind: str, name: str | None) -> DeviceFile:
    """The device on which an objective of this kind can be measured by running networks.

    Raises:
        EngineError: no device is named, or its costs come from tables only.
        UnknownName: no such device.
    """
    here = [d.name for d in devices().values() if d.method == "measured" and kind in d.costs]
    choices = " or ".join(f"{kind}@{one}" for one in here) or "another objective"
    if not name:
        raise EngineError(f"{kind} needs a device: choose {choices}")
    found = device(name)
    if found.name not in here:
        if kind in found.costs:
            reason = f"comes from benchmark tables only ({found.provenance})"
            remedy = f"choose {choices}, or the estimator table"
        else:
            reason = f"does not exist: {name} has {', '.join(found.costs)}"
            remedy = f"choose {choices}"
        raise EngineError(f"{kind}@{name} {reason}; {remedy}")
    return found


def _read(path: Path) -> DeviceFile:
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        values["costs"] = tuple(values["costs"])
        return DeviceFile(name=path.stem, **values)
    except (ValueError, KeyError, TypeError) as error:
        known = ", ".join(field.name for field in fields(DeviceFile))
        raise EngineError(f"{path.name} is no device file ({error}); fields: {known}") from None
