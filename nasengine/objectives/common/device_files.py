"""Devices: one JSON file each with the source of its costs and the measuring conditions.

Devices that are only modelled have a profile of `nasengine.predictors` instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ...core.errors import EngineError, UnknownName
from ...core.json_fields import read_json
from ...core.text import shorten
from ...predictors.operators.device_profile import DeviceProfile, profiles
from .device_checks import COSTS, WHAT, check_device

FOLDER = Path(__file__).parents[1] / "devices"


@dataclass(frozen=True)
class DeviceFile:
    """The fields of a device file; docs/devices.md explains them for authors of new files.

    Attributes:
        name: Name of the file without `.json`, the NAME of latency@NAME.
        summary: Description for lists and forms.
        method: "measured" if workers of `queue` run networks on the device, "tabular" if its
            costs exist only as columns of benchmark tables, "modelled" if a device profile
            gives them.
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
        profile: Device profile that models what this machine cannot measure; None: none does.
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
    profile: str | None = None


@cache
def devices() -> dict[str, DeviceFile]:
    """Return all devices by name: measured ones, then modelled ones, then those of tables.

    Raises:
        EngineError: a file cannot be read, lacks a field, or has a wrong one.
    """
    files = [_read(path) for path in sorted(FOLDER.glob("*.json"))]
    named = {file.name for file in files}
    files += [_modelled(profile) for profile in profiles().values() if profile.name not in named]
    order = ("measured", "modelled", "tabular")
    files.sort(key=lambda device: (order.index(device.method), device.name))
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


def costed_device(kind: str, name: str | None) -> DeviceFile:
    """Return the device for which this kind of cost can be measured or modelled here.

    Raises:
        EngineError: no device is named, or its costs exist only in tables.
        UnknownName: there is no such device.
    """
    able = [d for d in devices().values() if d.method != "tabular" and kind in d.costs]
    measured = [d.name for d in able]
    shown = [d.name for d in able if d.method == "measured"] or measured
    choices = " or ".join(f"{kind}@{name}" for name in shown) or "another objective"
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


def _modelled(profile: DeviceProfile) -> DeviceFile:
    """Return the device of a profile; without power figures it has no energy and no power."""
    costs = [cost for cost in COSTS if cost not in ("energy", "power") or profile.busy_watts]
    return DeviceFile(
        name=profile.name,
        summary=profile.summary,
        method="modelled",
        costs=tuple(costs),
        provenance="; ".join(profile.provenance.values()),
        batch=profile.batch,
        dtype=profile.dtype,
        values="modelled",
        profile=profile.name,
    )


def _read(path: Path) -> DeviceFile:
    """Return the device of a file.

    Raises:
        EngineError: the file cannot be read, or a field is wrong.
    """
    values = read_json(path, WHAT)
    check_device(values, DeviceFile, path.name)
    return DeviceFile(name=path.stem, **{**values, "costs": tuple(values["costs"])})
