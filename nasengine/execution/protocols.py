"""Protocols by name, mapping or file; their resolved settings; figures grouped by protocol."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from ..catalog import has, load
from ..core.architecture import canonical_json
from ..core.dataset import DataKind
from ..core.errors import EngineError, InvalidSettings
from ..core.json_file import parse, read_start
from ..core.protocol import Protocol
from ..core.settings import from_mapping, to_mapping
from ..core.text import shorten
from ..estimators.training.config import ResolvedTrainConfig, TrainConfig

T = TypeVar("T")
MAX_FILE_BYTES = 1_000_000
# Where and how fast a training runs; not part of a protocol.
CONDITIONS = ("device", "threads", "precision", "channels_last")
# Settings of a search, without a meaning for a final training.
OF_SEARCH = ("keep", "train_infeasible")
# Settings of a data set that say where it is, not what it holds; its digest says that.
PLACES = ("path", "test_path")


def find_protocol(value: str | Protocol | Mapping[str, Any] | Path) -> Protocol:
    """Return the protocol of a name, a mapping, or a JSON file.

    Raises:
        EngineError: no such name, a file that cannot be read, an invalid setting, or a protocol
            of one's own that has the name of another one.
    """
    if isinstance(value, str):
        protocol: Protocol = load("protocols", value)
        return protocol
    if isinstance(value, Path):
        return find_protocol(_read(value))
    protocol = value if isinstance(value, Protocol) else Protocol.from_json(value)
    if has("protocols", protocol.name) and load("protocols", protocol.name) != protocol:
        raise EngineError(
            f"{shorten(protocol.name)} is the name of another protocol: choose another name for "
            "your own"
        )
    for kind in ("images", "text"):
        if protocol.data_kind in (kind, "any"):
            resolve(protocol, kind)
    return protocol


def changed(protocol: Protocol, kind: DataKind, values: Mapping[str, Any]) -> Protocol:
    """Return the protocol with other settings, which may be texts, and a name that says so.

    Raises:
        InvalidSettings: a setting is unknown, out of range, or no setting of a protocol.
    """
    before = resolve(protocol, kind)
    after = resolve(replace(protocol, settings={**protocol.settings, **values}), kind)
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in values}
    return protocol.changed(**{name: new for name, (old, new) in pairs.items() if old != new})


def resolve(protocol: Protocol, kind: DataKind, **conditions: Any) -> ResolvedTrainConfig:
    """Return all settings of a training by a protocol.

    Args:
        protocol: The protocol.
        kind: Kind of the data, which decides the defaults of empty settings.
        conditions: Settings among CONDITIONS.

    Raises:
        InvalidSettings: a setting is unknown, out of range, or no setting of a protocol.
    """
    errors = {
        f"settings.{name}": "is not part of a protocol: it says where a training runs"
        for name in protocol.settings
        if name in CONDITIONS
    }
    if errors:
        raise InvalidSettings(errors)
    config = from_mapping(TrainConfig, {**protocol.settings, **conditions}, "settings.")
    return config.resolve(kind)


def resolved_settings(config: ResolvedTrainConfig) -> dict[str, Any]:
    """Return the settings of a training that belong to its protocol, as JSON."""
    left_out = (*CONDITIONS, *OF_SEARCH)
    return {name: value for name, value in to_mapping(config).items() if name not in left_out}


@dataclass(frozen=True)
class ProtocolGroup(Generic[T]):
    """Figures that may be compared: of equal protocols on the same data.

    Attributes:
        label: Protocol and data set, as headings show them.
        key: 12 hex digits that differ from those of every other group.
    """

    label: str
    key: str
    items: tuple[T, ...]


def protocol_key(protocol: Mapping[str, Any], dataset: Mapping[str, Any]) -> str:
    """Return 12 hex digits that are equal if figures may be compared.

    Args:
        protocol: The "protocol" of network.json or of an outcome: "name" and "settings".
        dataset: The "dataset" of it: "name", "config" and "digest".
    """
    config = {name: setting for name, setting in dataset["config"].items() if name not in PLACES}
    compared = {
        "protocol": [protocol["name"], protocol.get("trains_on", ""), protocol["settings"]],
        "dataset": [dataset["name"], config, dataset["digest"]],
    }
    return hashlib.sha256(canonical_json(compared).encode()).hexdigest()[:12]


def group_by_protocol(
    items: Iterable[T], facts_of: Callable[[T], tuple[Mapping[str, Any], Mapping[str, Any]]]
) -> list[ProtocolGroup[T]]:
    """Group figures so that those of different protocols are never ranked together.

    Args:
        items: Anything, such as rows of evaluations.
        facts_of: Returns protocol and data set of one, see `protocol_key`.

    Returns:
        One group per protocol and data set, in the order of their first items. Groups that would
        have equal labels have the key at the end of the label.
    """
    members: dict[str, list[T]] = {}
    labels: dict[str, str] = {}
    for item in items:
        protocol, dataset = facts_of(item)
        key = protocol_key(protocol, dataset)
        members.setdefault(key, []).append(item)
        labels[key] = f"{protocol['name']} on {dataset['name']}"
    every = list(labels.values())  # two protocols of one's own may have the same name
    return [
        ProtocolGroup(
            labels[key] if every.count(labels[key]) == 1 else f"{labels[key]} [{key}]",
            key,
            tuple(grouped),
        )
        for key, grouped in members.items()
    ]


def _read(path: Path) -> Any:
    shown = shorten(str(path), 80)
    content = read_start(path, MAX_FILE_BYTES)
    if len(content) > MAX_FILE_BYTES:
        raise EngineError(f"{shown} is larger than {MAX_FILE_BYTES:,} bytes: name a protocol")
    value = parse(content, path)
    try:
        canonical_json(value)
    except (ValueError, RecursionError) as error:
        raise EngineError(f"{shown} is not one JSON document: {shorten(str(error), 80)}") from None
    if not isinstance(value, dict):
        raise EngineError(f"{shown} has no protocol: it needs an object with name and settings")
    return value
