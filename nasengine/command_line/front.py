"""`front`: best candidate, front and hypervolume of a run file."""

from __future__ import annotations

import argparse
import json
from typing import Any

from ..execution.run_file import load_run
from .parser import add_command
from .summary import document, lines


def add_parser(subparsers: Any) -> None:
    """Add `front` to the command line."""
    parser = add_command(
        subparsers,
        "front",
        help="front and hypervolume of a run file",
        description="Print the front and the hypervolume of a run, finished or not.",
        examples=("front run.jsonl", "front run.jsonl --json"),
    )
    parser.add_argument("file", metavar="run.jsonl", help="file that search --out wrote")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the front and return 0.

    Raises:
        EngineError: the file is not a run file.
    """
    result = load_run(args.file)
    if args.json:
        print(json.dumps(document(result), indent=2, allow_nan=False))
    else:
        print("\n".join(lines(result)))
    return 0
