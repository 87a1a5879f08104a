"""Devices: one JSON file each with the source of its costs and the measuring conditions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ...core.errors import EngineError, UnknownName
from ...core.text import one_line, shorten
from .device_checks import check_device

FOLDER = Path(__file__).parents[1] / "devices"


@dataclass(frozen=True)
class DeviceFile:
    """The fields of a device file; docs/devices.md explains them for authors of new files.

    Attributes:
        name: Name of the file without `.json`, the NAME of latency@NAME.
        summary: Description for lists and forms.
        method: "measured" if workers of `queue` run networks on the device, "tabular" if its
            costs exist only as columns of benchmark tables.
        costs: Kinds of objectives that exist for the device.
        provenance: Source of the values.
        batch: Images (or words) per forward pass.
        dtype: Number type of the network.
        values: "measured", or "modelled" if the numbers of the table come from a simulator.
        queue: Queue of the workers that have the device.
        runs_on: torch's name of the device.
        memory_format: "contiguous" or "channels_last".
        threads: CPU threads; None: unchanged.
        warm_up: Passes before the timed repetitions.
        repetitions: Smallest number of timed repetitions.
        seconds: Smallest total time of the repetitions.
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
    """Return all devices by name, measured ones first.

    Raises:
        EngineError: a file cannot be read, lacks a field, or has a wrong one.
    """
    files = [_read(path) for path in sorted(FOLDER.glob("*.json"))]
    files.sort(key=lambda device: (device.method != "measured", device.name))
    return {device.name: device for device in files}


def device(name: str) -> DeviceFile:
    """Return the device of that name.

    Raises:
        UnknownName: there is no such device; the message lists the names.
    """
    try:
        return devices()[name]
    except KeyError:
        known = ", ".join(devices())
        raise UnknownName(f"{shorten(name)} is not among the devices; known: {known}") from None


def measured_device(kind: str, name: str | None) -> DeviceFile:
    """Return the device on which this kind of objective can be measured by running networks.

    Raises:
        EngineError: no device is named, or its costs exist only in tables.
        UnknownName: there is no such device.
    """
    measured = [d.name for d in devices().values() if d.method == "measured" and kind in d.costs]
    choices = " or ".join(f"{kind}@{name}" for name in measured) or "another objective"
    if not name:
        raise EngineError(f"{kind} needs a device: choose {choices}")
    chosen = device(name)
    if chosen.name not in measured:
        if kind in chosen.costs:
            reason = f"exists only in benchmark tables ({chosen.provenance})"
            remedy = f"choose {choices}, or the estimator table"
        else:
            reason = f"does not exist: {name} has {', '.join(chosen.costs)}"
            remedy = f"choose {choices}"
        raise EngineError(f"{kind}@{name} {reason}; {remedy}")
    return chosen


def _read(path: Path) -> DeviceFile:
    """Return the device of a file.

    Raises:
        EngineError: the file cannot be read, or a field is wrong.
    """
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise EngineError(
            f"{path.name} is not a device file ({one_line(str(error), 120)}): correct its JSON"
        ) from None
    check_device(values, DeviceFile, path.name)
    return DeviceFile(name=path.stem, **{**values, "costs": tuple(values["costs"])})
