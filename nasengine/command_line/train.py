"""`train`: the final evaluation of one architecture by a protocol."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from ..core.errors import EngineError
from ..core.text import shorten
from ..execution.evaluation_result import EvaluationResult
from ..execution.final_evaluation import SEEDS, evaluate
from ..execution.ranks import is_first, joined
from .parser import add_command
from .subject import Subject, find_subject
from .summary import figures

EXAMPLES = (
    "train DARTS_V2 --dataset cifar10 --data DIR --protocol darts-cifar10 --seeds 3",
    "train DARTS_V2 --protocol quick --cells 3 --channels 8 --seeds 2 --out networks",
    "train run.jsonl --candidate best --protocol quick",
    "train DARTS_V2_RNN --dataset ptb --data DIR --protocol darts-ptb --epochs 2 --json",
)
INTERRUPTED = 130
FAILED = 1


def add_parser(subparsers: Any) -> None:
    """Add `train` to the command line."""
    parser = add_command(
        subparsers,
        "train",
        help="train an architecture fully by a protocol and test it once",
        description="Train an architecture fully by a protocol, once for each seed. The test part "
        "is read once, at the end\nof each training. Progress goes to stderr, the result to "
        "stdout. After Ctrl-C the same command continues.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "network",
        metavar="NETWORK|FILE",
        help="published network (see: list networks), nb201 string, a run file with --candidate, "
        "or a JSON file with an architecture",
    )
    parser.add_argument(
        "--candidate", metavar="N", help="candidate of a run file: its number, or best"
    )
    parser.add_argument(
        "--dataset", help="data set; default: that of the run file, else that of the protocol"
    )
    parser.add_argument("--data", metavar="PATH", help="setting path of the data set")
    parser.add_argument(
        "--dataset-set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another setting of the data set, such as limit=500",
    )
    parser.add_argument("--protocol", default="quick", help="protocol (see: list protocols)")
    parser.add_argument("--protocol-file", metavar="FILE", help="JSON file with your own protocol")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another setting of the protocol, which is then called so",
    )
    parser.add_argument("--epochs", help="the same as --set epochs=N")
    parser.add_argument(
        "--seeds",
        default=str(SEEDS),
        help=f"number of seeds, or seeds as in 1,5,9; default {SEEDS}",
    )
    parser.add_argument(
        "--cells", help="cells of the network; default: of the protocol, or its own"
    )
    parser.add_argument(
        "--channels", help="channels of the network; default: of the protocol, or its own"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")
    parser.add_argument("--threads", default="0", help="CPU threads; default: those of the process")
    parser.add_argument(
        "--out", metavar="DIR", help="folder of the networks; default: NETWORK-PROTOCOL"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train, print the result and return 0; 1 if a training failed, 130 after Ctrl-C.

    Raises:
        EngineError: a wrong name, setting or file.
    """
    subject = find_subject(args.network, None, args.candidate)
    name, config = _dataset(args, subject)
    with joined():
        result = _evaluated(args, subject, name, config)
    if not is_first():
        return _status(result)
    if args.json:
        folder = {"folder": str(result.folder)}
        print(json.dumps({**result.to_json(), **folder}, indent=2, allow_nan=False))
    else:
        print("\n".join(result.lines()))
    return _status(result)


def _evaluated(
    args: argparse.Namespace, subject: Subject, name: str | None, config: dict[str, Any]
) -> EvaluationResult:
    return evaluate(
        subject.architecture,
        protocol=Path(args.protocol_file) if args.protocol_file else args.protocol,
        dataset=name,
        dataset_config=config,
        seeds=_seeds(args.seeds),
        cells=_whole("--cells", args.cells),
        channels=_whole("--channels", args.channels),
        epochs=_whole("--epochs", args.epochs),
        settings=_settings("--set", args.set),
        device=args.device,
        threads=_whole("--threads", args.threads) or 0,
        folder=_folder(args, subject),
        name=subject.name,
        report=_say if is_first() and not args.quiet else None,
    )


def _dataset(args: argparse.Namespace, subject: Subject) -> tuple[str | None, dict[str, Any]]:
    """Return name and settings of the data set: as typed, else those of the run file."""
    typed = _settings("--dataset-set", args.dataset_set)
    if args.data is not None:
        typed["path"] = args.data
    spec = subject.spec
    if args.dataset is None and spec is not None:
        return spec.dataset, {**spec.dataset_config, **typed}
    return args.dataset, typed


def _folder(args: argparse.Namespace, subject: Subject) -> Path:
    if args.out is not None:
        return Path(args.out)
    protocol = Path(args.protocol_file).stem if args.protocol_file else args.protocol
    parts = [re.sub(r"[^\w.-]+", "-", part) for part in (subject.name, protocol)]
    return Path("-".join(parts))


def _settings(option: str, texts: list[str]) -> dict[str, Any]:
    """Return the settings of repeated NAME=VALUE."""
    settings = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise EngineError(f"{option} {shorten(text, 80)}: write NAME=VALUE")
        settings[name.strip()] = value
    return settings


def _seeds(text: str) -> int | list[int]:
    if not re.fullmatch(r"\d{1,18}(,\d{1,18})*,?", text, re.ASCII):
        raise EngineError(
            "--seeds must be a number of trainings, or seeds separated by commas "
            f"(got {shorten(text, 40)})"
        )
    return [int(part) for part in text.split(",") if part] if "," in text else int(text)


def _whole(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise EngineError(f"{option} must be a whole number (got {shorten(text, 40)})")
    return int(text)


def _say(seed: int, point: dict[str, Any]) -> None:
    print(f"seed {seed}: {figures(point)}", file=sys.stderr, flush=True)


def _status(result: EvaluationResult) -> int:
    states = {outcome.state for outcome in result.outcomes}
    if "cancelled" in states:
        return INTERRUPTED
    return FAILED if states - {"done"} else 0
