"""`search`: one search, kept in a run file that can be continued and extended."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import EngineError
from ..core.events import EngineEvent
from ..core.outcome import Outcome
from ..core.proposal import Proposal
from ..core.search_spec import SearchSpec
from ..core.text import shorten
from ..core.weight_store import WeightStore
from ..execution import assembly
from ..execution.budget import count_evaluated, is_pruned
from ..execution.evaluation import evaluation_seed
from ..execution.history import History
from ..execution.run_file import (
    BUDGET,
    RunFile,
    StoredRun,
    read_run,
    unfinished_folder,
    weights_folder,
    with_budget,
)
from ..execution.search import run_search
from ..execution.unfinished_folder import UnfinishedFolder
from ..execution.weight_store import FolderWeightStore
from .parser import add_command
from .search_spec import add_arguments, spec_of
from .summary import document, figures, lines

EXAMPLES = (
    "search --space nb201 --strategy random --candidates 10 --set epochs=1 --out run.jsonl",
    "search --resume run.jsonl",
    "search --resume run.jsonl --candidates 20",
    "search --strategy nsga2 --objectives error,params,latency@cpu --constraint 'params<2e6'",
    "search --space nb201 --strategy random --table nb201.csv.gz --dataset cifar100 --json",
    "search --space decision-list --table my.csv --set architecture=depth,width "
    "--set columns=error=err:x:% --objectives error",
)


def add_parser(subparsers: Any) -> None:
    """Add `search` to the command line."""
    parser = add_command(
        subparsers,
        "search",
        help="search a space for architectures",
        description="Search a space. Progress goes to stderr, the summary to stdout. After Ctrl-C,"
        "\n--resume continues the run; with a larger --candidates it extends a finished one.",
        examples=EXAMPLES,
    )
    add_arguments(parser)
    parser.add_argument("--out", metavar="FILE", help="write the run to this file (JSON lines)")
    parser.add_argument(
        "--resume",
        nargs="?",
        const=True,
        default=False,
        metavar="FILE",
        help="continue the run in FILE (default: the file of --out) with its settings",
    )
    parser.add_argument(
        "--workers",
        default="1",
        metavar="N",
        help="worker processes that evaluate candidates side by side; default 1: this process",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Search, print the result and return 0.

    Raises:
        EngineError: a wrong setting, or a file that does not fit.
        KeyboardInterrupt: Ctrl-C; the file holds every candidate evaluated until then.
    """
    target = _target(args)
    history = target.stored.candidates if target.stored is not None else ()
    progress = Progress(target.spec, count_evaluated(history), args.quiet)
    progress.expect(history)
    unfinished: UnfinishedFolder | None = None
    weights: WeightStore | None = None
    if target.path is not None:
        weights = FolderWeightStore(_weights_of(target))
        unfinished = UnfinishedFolder(unfinished_folder(target.path))
        progress.file = _opened(target)
    try:
        result = run_search(
            target.spec,
            history=history,
            weights=weights,
            workers=_workers(args.workers),
            progress=False,
            on_event=progress.take,
            keep_partial=False,
            unfinished=unfinished,
        )
    except KeyboardInterrupt:
        if target.path is not None:
            progress.say(f"continue with: python -m nasengine search --resume {target.path}")
        raise
    if args.json:
        print(json.dumps(document(result), indent=2, allow_nan=False))
    else:
        print("\n".join(lines(result)))
    return 0


@dataclass(frozen=True)
class Target:
    """Settings of the search, its file if it has one, and what the file holds already."""

    spec: SearchSpec
    path: Path | None
    stored: StoredRun | None


class Progress:
    """Writes a line on stderr and one in the run file for each candidate that has ended."""

    def __init__(self, spec: SearchSpec, done: int, quiet: bool = False):
        self.file: RunFile | None = None
        self._spec = spec
        self._ended = done
        self._quiet = quiet
        self._open: dict[int, Proposal] = {}

    def take(self, event: EngineEvent) -> None:
        """Handle one event of the search."""
        if event.kind == "proposal":
            proposal = Proposal.from_json(event.item)
            self._open[proposal.number] = proposal
        elif event.kind == "epoch":
            self.say(f"candidate {event.number}: {figures(event.item)}")
        elif event.kind == "paused":
            self._pause(Outcome.from_json(event.item))
        elif event.kind == "outcome":
            self._end(Outcome.from_json(event.item))

    def expect(self, history: History) -> None:
        """Take the candidates of an earlier run whose training has paused."""
        self._open |= {proposal.number: proposal for proposal, _ in history}

    def say(self, text: str) -> None:
        """Print one line on stderr at once, unless progress is off."""
        if not self._quiet:
            print(text, file=sys.stderr, flush=True)

    def _pause(self, outcome: Outcome) -> None:
        if self.file is not None:
            proposal = self._open[outcome.number]
            self.file.add(proposal, outcome, evaluation_seed(self._spec, outcome.number))
        reached = outcome.training.reached if outcome.training is not None else 0
        self.say(f"candidate {outcome.number} paused after {reached} epochs: {_values(outcome)}")

    def _end(self, outcome: Outcome) -> None:
        proposal = self._open.pop(outcome.number)
        if self.file is not None:
            self.file.add(proposal, outcome, evaluation_seed(self._spec, outcome.number))
        self._ended += not is_pruned(outcome.state)
        findings = figures(outcome.findings) if outcome.state == "trained" else ""
        details = " ".join(part for part in (_values(outcome), findings, outcome.reason) if part)
        self.say(
            f"{self._ended}/{self._spec.candidates} candidate {outcome.number} "
            f"{outcome.state}: {details}"
        )


def _values(outcome: Outcome) -> str:
    return ", ".join(f"{m.objective} {m.value:g} {m.unit}".strip() for m in outcome.measurements)


def _target(args: argparse.Namespace) -> Target:
    """Return what to search and where to write it.

    Raises:
        EngineError: no file to resume, settings that differ from the file's, or wrong settings.
    """
    if isinstance(args.resume, str):
        path = Path(args.resume)
        if args.out is not None and Path(args.out) != path:
            raise EngineError("--resume and --out name different files: leave --out out")
        if not path.exists():
            raise EngineError(f"{path} does not exist: start a run with --out {path}")
        return _resumed(args, path)
    if args.resume and args.out is None:
        raise EngineError("--resume needs a file: write --resume FILE")
    out = None if args.out is None else Path(args.out)
    if args.resume and out is not None and out.exists():
        return _resumed(args, out)
    return Target(assembly.check(spec_of(args)), out, None)


def _resumed(args: argparse.Namespace, path: Path) -> Target:
    """Return the run in a file, with the budget of the command line if that is larger.

    Raises:
        EngineError: another setting of the command line differs from the file's.
    """
    stored = read_run(path)
    spec = assembly.check(spec_of(args, stored.spec))
    # The check writes all settings out, also those that the file's version did not have.
    mine, theirs = spec.to_json(), assembly.check(stored.spec).to_json()
    other = [name for name in mine if name not in BUDGET and mine[name] != theirs.get(name)]
    if other:
        raise EngineError(
            f"{path} was started with another {', '.join(other)}: leave these options out, or "
            "name another file"
        )
    return Target(with_budget(stored, spec), path, stored)


def _opened(target: Target) -> RunFile:
    """Return the file of the run, with its first line written."""
    assert target.path is not None
    file = RunFile(target.path, assembly.make_space(target.spec))
    if target.stored is None:
        file.begin(target.spec, assembly.goals_of(target.spec))
    else:
        file.continue_from(target.stored, target.spec)
    return file


def _weights_of(target: Target) -> Path:
    """Return the folder where candidates of the run leave weights for others.

    Raises:
        EngineError: a new run would find the weights of another run there.
    """
    assert target.path is not None
    folder = weights_folder(target.path)
    if target.stored is None and folder.exists() and not target.path.exists():
        raise EngineError(
            f"{folder} exists already, and {target.path} does not: remove the weights of that "
            "earlier run, or name another file"
        )
    return folder


def _workers(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise EngineError(f"--workers must be a whole number (got {shorten(text, 40)})") from None
