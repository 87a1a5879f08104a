"""`export`: a stored network as archives for devices and runtimes."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from ..catalog import load, names
from ..core.errors import EngineError
from ..core.settings import describe
from ..core.text import one_line, shorten
from ..exports.archive.card import model_sentences
from ..exports.checking import CheckSettings
from ..exports.export import OWN_LICENCE, Exported, export_all
from .parser import add_command

DEFAULTS = CheckSettings()


def add_parser(subparsers: Any) -> None:
    """Add `export` to the command line."""
    parser = add_command(
        subparsers,
        "export",
        help="archives of a stored network for devices and runtimes",
        description="Export a stored network: convert it, compare it with the trained network and "
        "write one\narchive per target. Progress goes to stderr, the findings to stdout.",
        examples=(
            "export networks/darts --target onnx,openvino",
            "export networks/darts --target onnx --dynamic-batch --out archives/",
            "export networks/darts --target openvino --set fp16=true --json",
            "list targets",
        ),
    )
    parser.add_argument("network", metavar="DIR", help="folder of a stored network")
    parser.add_argument(
        "--target",
        required=True,
        metavar="NAME[,NAME]",
        help="targets (see: list targets); all: every one that takes the network and is installed",
    )
    parser.add_argument(
        "--out", default=".", metavar="DIR", help="folder of the archives; default ."
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="setting of every named target that has it, such as softmax=true; may be repeated",
    )
    parser.add_argument(
        "--dynamic-batch", action="store_true", help="short for --set dynamic_batch=true"
    )
    parser.add_argument(
        "--licence", default=OWN_LICENCE, help="SPDX identifier for the weights; default other"
    )
    parser.add_argument(
        "--test-inputs",
        default=str(DEFAULTS.test_inputs),
        metavar="N",
        help="most inputs of the test part whose classes are compared; default "
        f"{DEFAULTS.test_inputs}",
    )
    parser.add_argument("--no-timing", action="store_true", help="do not measure the latency")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Export, print the findings and return 0.

    Raises:
        EngineError: a wrong option, or a network that cannot be exported.
    """
    texts = [*args.set, *(["dynamic_batch=true"] if args.dynamic_batch else [])]
    checks = CheckSettings(test_inputs=_count(args.test_inputs), timing=not args.no_timing)

    def say(progress: dict[str, Any]) -> None:
        if not args.quiet:
            print(progress["step"], file=sys.stderr, flush=True)

    exported = export_all(
        args.network,
        settings_of(args.network, args.target, texts),
        args.out,
        licence=args.licence,
        checks=checks,
        report=say,
    )
    if args.json:
        documents = [
            {"archive": str(export.archive), "report": export.report} for export in exported
        ]
        print(json.dumps(documents, indent=2, allow_nan=False))
    else:
        print("\n".join(line for export in exported for line in lines(export)))
    return 0


def settings_of(network: str, targets: str, texts: list[str]) -> list[tuple[str, dict[str, str]]]:
    """Return each target with those of the settings that it has.

    Args:
        network: Folder of the stored network; `all` means the targets for its kind of data whose
            packages are installed.
        targets: Names, separated by commas, or `all`.
        texts: Settings as NAME=VALUE.

    Raises:
        EngineError: an unknown target, or a setting that none of them has.
    """
    named = list(dict.fromkeys(name.strip() for name in targets.split(",") if name.strip()))
    if not named:
        raise EngineError(f"--target names no target; there are: {', '.join(names('targets'))}")
    if named == ["all"]:
        named = _able(network)
    values = dict(_pair(text) for text in texts)
    known = {
        name: {setting.name for setting in describe(load("targets", name).Config)} for name in named
    }
    for setting in values:
        if not any(setting in settings for settings in known.values()):
            there = sorted(set().union(*known.values()))
            raise EngineError(
                f"--set {one_line(setting, 40)}: no target that is named has it; there are: "
                f"{', '.join(there) or 'none'}"
            )
    return [
        (name, {key: value for key, value in values.items() if key in known[name]})
        for name in named
    ]


def lines(exported: Exported) -> list[str]:
    """Return archive and findings for people."""
    report = exported.report
    text = [f"{report['title']}: {exported.archive}"]
    for model in report["models"]:
        text.append(f"  {model['file']}: {model['bytes']:,} bytes, {model['precision']}")
        text += [f"    {sentence}" for sentence in model_sentences(model)]
    text += [f"  fell back: {operator}" for operator in report["fell_back"]]
    return text + [f"  note: {note}" for note in report["notes"]]


def _able(network: str) -> list[str]:
    from ..execution.network_folder import load_stored

    kind = load_stored(network).data_kind
    classes = {name: load("targets", name) for name in names("targets")}
    return [name for name, cls in classes.items() if kind in cls.data_kinds and not cls.missing()]


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise EngineError(f"--set {shorten(text, 80)}: write NAME=VALUE, such as softmax=true")
    return name.strip(), value


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise EngineError(f"--test-inputs must be a whole number (got {shorten(text, 40)})")
    return int(text)
