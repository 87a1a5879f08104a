"""`list`: the plugins in the catalogue, with every setting."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import inspect
import json
from typing import Any

from ..catalog import KINDS, load, names
from ..core.settings import describe
from ..objectives.common import device_files
from ..objectives.common.device_files import devices
from .parser import add_command
from .reference import reference

# A trainer belongs to the strategy of its name and has no settings of its own.
LISTED = (*(kind for kind in KINDS if kind != "trainers"), "devices")
# Class attributes that an entry lists in addition to its summary and settings.
ATTRIBUTES = {
    "spaces": ("capabilities",),
    "strategies": ("requires",),
    "objectives": ("unit", "better", "cheap", "on_device"),
}


def add_parser(subparsers: Any) -> None:
    """Add `list` to the command line."""
    parser = add_command(
        subparsers,
        "list",
        help="spaces, strategies, objectives, data sets, targets, networks, protocols, devices ...",
        description="Print the plugins, with every setting, its default and its range.",
        examples=("list", "list strategies", "list spaces --json"),
    )
    parser.add_argument("kind", nargs="?", choices=LISTED, help="one kind only; default: all")
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print one JSON document")
    forms.add_argument("--markdown", action="store_true", help="print docs/reference.md")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the listing and return 0."""
    kinds = [args.kind] if args.kind else list(LISTED)
    listed = {kind: entries(kind) for kind in kinds}
    if args.json:
        print(json.dumps(listed, indent=2))
    elif args.markdown:
        print(reference(listed), end="")
    else:
        print("\n\n".join("\n".join(_lines(kind, rows)) for kind, rows in listed.items()))
    return 0


def entries(kind: str) -> list[dict[str, Any]]:
    """Return one JSON object per plugin: name, summary, settings, and attributes of its kind."""
    if kind == "devices":
        return [_device(name) for name in sorted(devices())]
    if kind == "networks":
        return [_network(name) for name in names(kind)]
    if kind == "protocols":
        return [_protocol(name) for name in names(kind)]
    return [_entry(kind, name) for name in names(kind)]


def _entry(kind: str, name: str) -> dict[str, Any]:
    plugin = load(kind, name)
    entry: dict[str, Any] = {"name": name, "summary": _first_line(inspect.getdoc(plugin))}
    for attribute in ATTRIBUTES.get(kind, ()):
        value = getattr(plugin, attribute)
        entry[attribute] = sorted(value) if isinstance(value, frozenset) else value
    config = getattr(plugin, "Config", None)
    if config is not None:
        entry["settings"] = [dataclasses.asdict(setting) for setting in describe(config)]
    return entry


def _network(name: str) -> dict[str, Any]:
    architecture = load("networks", name)
    module = KINDS["networks"].get(name, "").partition(":")[0]
    return {
        "name": name,
        "summary": _first_line(importlib.import_module(module).__doc__) if module else "",
        "space": architecture.space,
        "architecture": architecture.to_json(),
    }


def _protocol(name: str) -> dict[str, Any]:
    protocol = load("protocols", name)
    return {"name": name, "summary": protocol.help, "protocol": protocol.to_json()}


def _device(name: str) -> dict[str, Any]:
    device = devices()[name]
    if device.method == "modelled":
        return {"name": name, "summary": device.summary, "facts": dataclasses.asdict(device)}
    facts = json.loads((device_files.FOLDER / f"{name}.json").read_text(encoding="utf-8-sig"))
    return {"name": name, "summary": facts["summary"], "facts": facts}


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _lines(kind: str, rows: list[dict[str, Any]]) -> list[str]:
    lines = [kind]
    width = max((len(entry["name"]) for entry in rows), default=0)
    for entry in rows:
        lines.append(f"  {entry['name']:<{width}}  {entry['summary']}".rstrip())
        for setting in entry.get("settings", ()):
            lines.append(f"      {setting['name']} = {_default(setting)}  {setting['help']}")
    return lines if rows else [*lines, "  none"]


def _default(setting: dict[str, Any]) -> str:
    value, unit = setting["default"], setting["unit"]
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    bounds = [setting["low"], setting["high"]]
    if any(bound is not None for bound in bounds):
        low, high = ("" if bound is None else f"{bound:g}" for bound in bounds)
        text += f" [{low}..{high}]"
    return f"{text} {unit}".rstrip()
