"""`inspect-data`: the report of a data set."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from ..core.data_report import DataReport, Group
from ..core.errors import EngineError
from ..core.text import shorten
from ..data.common.named import named_dataset
from .parser import add_command

MAX_CLASSES = 20


def add_parser(subparsers: Any) -> None:
    """Add `inspect-data` to the command line."""
    parser = add_command(
        subparsers,
        "inspect-data",
        help="files, classes, sizes and problems of a data set",
        description="Read a data set and print what was read, converted and skipped, its classes "
        "and sizes,\nduplicates, and what is unusual. The exit status is 1 if training would fail.",
        examples=(
            "inspect-data images photos/",
            "inspect-data text corpus/ --set words=blanks",
            "inspect-data digits --json",
        ),
    )
    parser.add_argument("dataset", help="name of a data set (see: list datasets)")
    parser.add_argument("path", nargs="?", help="its setting path: a folder or a file")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="setting of the data set, for example size=8; may be repeated",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the report and return 0, or 1 if a training on the data would fail.

    Raises:
        EngineError: a wrong name or setting, or data that cannot be read at all.
    """
    values: dict[str, Any] = {} if args.path is None else {"path": args.path}
    for text in args.set:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise EngineError(f"--set {shorten(text, 80)}: write NAME=VALUE, such as size=8")
        values[name.strip()] = value
    report = named_dataset(args.dataset, values).report()
    if args.json:
        print(json.dumps(report.to_json(), indent=2, allow_nan=False))
    else:
        print("\n".join(lines(report)))
    return 1 if report.problems else 0


def lines(report: DataReport) -> list[str]:
    """Return the report for people."""
    unit = "words" if report.kind == "text" else "images"
    parts = ", ".join(f"{name} {count:,}" for name, count in report.parts.items())
    text = [f"{report.dataset}: {report.kind}"]
    if parts:
        text.append(f"parts       {parts} {unit}")
    if report.vocabulary:
        text.append(f"vocabulary  {report.vocabulary:,} words")
    if report.sizes:
        sizes = ", ".join(f"{size} ({count:,})" for size, count in report.sizes.items())
        text += [f"sizes       {sizes}", f"input       {report.input_size}"]
    text.append(f"files       {report.read:,} read")
    text += _groups("converted", report.converted)
    text += _groups("skipped", report.skipped)
    if report.kind == "images":
        text.append(
            f"duplicates  {report.duplicates:,} repeated files or arrays; {report.identical:,} "
            f"identical pictures of {report.checked:,} checked"
        )
    text += [f"class       {line}" for line in _classes(report)]
    text += [f"note        {note}" for note in report.notes]
    return text + [f"problem     {problem}" for problem in report.problems]


def _groups(title: str, groups: Sequence[Group]) -> list[str]:
    rows = []
    for group in groups:
        examples = f" (such as {', '.join(group.examples)})" if group.examples else ""
        rows.append(f"{title:<11} {group.reason}: {group.count:,}{examples}")
    return rows


def _classes(report: DataReport) -> list[str]:
    rows = [
        f"{label.name}: {label.search:,} to search, {label.test:,} to test"
        for label in report.classes[:MAX_CLASSES]
    ]
    more = len(report.classes) - MAX_CLASSES
    return [*rows, f"and {more:,} more"] if more > 0 else rows
