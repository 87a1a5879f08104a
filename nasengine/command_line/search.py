"""`search`: one search in this process, kept in a file that can be gone on with."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from ..core.errors import EngineError
from ..core.events import EngineEvent
from ..core.outcome import Outcome
from ..core.proposal import Proposal
from ..core.search_spec import SearchSpec
from ..core.weight_store import WeightStore
from ..execution import assembly
from ..execution import loop as engine
from ..execution.run_file import RunFile, StoredRun, read_run
from ..execution.weight_store import FolderWeightStore
from .search_spec import add_arguments, spec_of
from .summary import document, lines


def add_parser(subparsers: Any) -> None:
    """Adds `search` to the command line."""
    parser = subparsers.add_parser(
        "search",
        help="search a space",
        description="Searches, one candidate after the other. Progress goes to stderr, the "
        "summary to stdout. Ctrl-C ends it; --resume goes on.",
    )
    add_arguments(parser)
    parser.add_argument("--out", metavar="FILE", help="keep the run in this file of JSON lines")
    parser.add_argument(
        "--resume", action="store_true", help="go on with the unfinished run in --out"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Searches and prints what was found; 0.

    Raises:
        EngineError: a wrong setting, or a file that does not fit.
        KeyboardInterrupt: Ctrl-C; the file holds every candidate that had ended.
    """
    if args.resume and not args.out:
        raise EngineError("--resume needs --out: name the file of the run to go on with")
    spec = assembly.check(spec_of(args))
    stored = _stored(args, spec)
    past = stored.candidates if stored is not None else ()
    progress = Progress(spec, len(past))
    weights: WeightStore | None = None
    if args.out:
        file = RunFile(Path(args.out), assembly.make_space(spec))
        weights = FolderWeightStore(_weights_beside(args.out, new=stored is None))
        if stored is None:
            file.begin(spec, assembly.goals_of(spec))
        else:
            file.go_on(stored)
        progress.file = file
    try:
        result = engine.run(spec, progress.take, past, weights=weights)
    except KeyboardInterrupt:
        if args.out:
            progress.say(f"{args.out} holds what has ended; the same words and --resume go on")
        raise
    if args.json:
        print(json.dumps(document(result), indent=2, allow_nan=False))
    else:
        print("\n".join(lines(result)))
    return 0


class Progress:
    """Takes the events of a search: a line on stderr and one in the file for each ending."""

    def __init__(self, spec: SearchSpec, done: int):
        self.file: RunFile | None = None
        self._spec = spec
        self._ended = done
        self._open: dict[int, Proposal] = {}

    def take(self, event: EngineEvent) -> None:
        if event.kind == "proposal":
            proposal = Proposal.from_json(event.item)
            self._open[proposal.number] = proposal
        elif event.kind == "epoch":
            self.say(f"candidate {event.number}: {_figures(event.item)}")
        elif event.kind == "outcome":
            self._end(Outcome.from_json(event.item))

    def _end(self, outcome: Outcome) -> None:
        proposal = self._open.pop(outcome.number)
        if self.file is not None:
            seed = engine.evaluation_seed(self._spec, outcome.number)
            self.file.add(proposal, outcome, seed)
        self._ended += 1
        values = ", ".join(
            f"{m.objective} {m.value:g} {m.unit}".strip() for m in outcome.measurements
        )
        found = _figures(outcome.findings) if outcome.state == "trained" else ""
        said = " ".join(part for part in (values, found, outcome.reason) if part)
        self.say(
            f"{self._ended}/{self._spec.candidates} candidate {outcome.number} "
            f"{outcome.state}: {said}"
        )

    @staticmethod
    def say(text: str) -> None:
        """One line on stderr, at once."""
        print(text, file=sys.stderr, flush=True)


def _stored(args: argparse.Namespace, spec: SearchSpec) -> StoredRun | None:
    """The run to go on with; None where a new file begins."""
    if not args.resume or not Path(args.out).exists():
        return None
    stored = read_run(Path(args.out))
    now, then = spec.to_json(), stored.spec.to_json()
    other = [name for name, value in now.items() if value != then.get(name)]
    if other:
        raise EngineError(
            f"{args.out} was begun with another {', '.join(other)}: repeat the words it was "
            "begun with, or name another file"
        )
    return stored


def _weights_beside(out: str, new: bool) -> Path:
    """The folder where candidates of a run leave weights for their children.

    Raises:
        EngineError: a new run would find the weights of another one there.
    """
    folder = Path(f"{out}.weights")
    if new and folder.exists() and not Path(out).exists():
        raise EngineError(
            f"{folder} exists already, and {out} does not: remove the weights of that earlier "
            "run, or name another file"
        )
    return folder


def _figures(point: dict[str, Any]) -> str:
    """The numbers of an epoch in one line."""
    shown = [
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in point.items()
        if isinstance(value, (int, float, str))
    ]
    return ", ".join(shown)
