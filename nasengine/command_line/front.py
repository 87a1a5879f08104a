"""`front`: front and hypervolume of a kept run."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ..core.objective import parse_constraint
from ..execution.loop import Ended, Result
from ..execution.run_file import read_run
from ..pareto.run_front import RunFront
from .summary import document, lines


def add_parser(subparsers: Any) -> None:
    """Adds `front` to the command line."""
    parser = subparsers.add_parser(
        "front",
        help="front and hypervolume of a kept run",
        description="Prints the front and the hypervolume of a run, finished or not.",
    )
    parser.add_argument("file", metavar="run.jsonl", help="what search --out wrote")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the front; 0.

    Raises:
        EngineError: the file holds no run.
    """
    stored = read_run(Path(args.file))
    front = RunFront.from_history(
        stored.goals,
        [parse_constraint(text) for text in stored.spec.constraints],
        (
            (proposal.number, outcome.values, outcome.state)
            for proposal, outcome in stored.candidates
        ),
    )
    ended = tuple(Ended(proposal, outcome) for proposal, outcome in stored.candidates)
    result = Result(stored.spec, stored.goals, ended, front)
    if args.json:
        print(json.dumps(document(result), indent=2, allow_nan=False))
    else:
        print("\n".join(lines(result)))
    return 0
