"""`describe`: parameters, multiply-accumulates and graph of one architecture."""

from __future__ import annotations

import argparse
import json
import re
from typing import Any

from ..catalog import load
from ..core.errors import EngineError
from ..core.text import shorten
from ..execution.building import check_builds, shape_and_classes, space_of
from ..execution.description import Description
from ..execution.description import describe as describe_architecture
from .parser import add_command
from .subject import Subject, find_subject

MAX_SIDE = 4096
MAX_CLASSES = 100_000
MAX_VOCABULARY = 10_000_000
# Defaults: the shapes of CIFAR-10 and the vocabulary of the Penn treebank.
IMAGE, CLASSES, VOCABULARY = "3x32x32", "10", "10000"


def add_parser(subparsers: Any) -> None:
    """Add `describe` to the command line."""
    parser = add_command(
        subparsers,
        "describe",
        help="parameters, multiply-accumulates and graph of an architecture",
        description="Print params, macs and graph of an architecture. Nothing is trained.",
        examples=(
            "describe DARTS_V2 --cells 20 --channels 36",
            "describe run.jsonl --candidate 7",
            "describe run.jsonl --candidate best --json",
            "describe supernet:cell --input 3x32x32",
        ),
    )
    parser.add_argument(
        "network",
        metavar="NETWORK|FILE",
        help="published network (see: list networks), nb201 string, supernet:SPACE, a run file "
        "with --candidate, or a JSON file with an architecture",
    )
    parser.add_argument(
        "--candidate", metavar="N", help="candidate of a run file: its number, or best"
    )
    parser.add_argument("--space", help="space of NETWORK; default: that of the architecture")
    parser.add_argument(
        "--input", help=f"CxHxW; default {IMAGE}, or what the run file's data set has"
    )
    parser.add_argument(
        "--classes", help=f"number of classes; default {CLASSES}, or those of the data set"
    )
    parser.add_argument("--vocabulary", help=f"number of words, for text; default {VOCABULARY}")
    parser.add_argument(
        "--cells", help="cells of the network; default: its own (published 20, nb201 5)"
    )
    parser.add_argument(
        "--channels", help="channels of the first cells; default: its own (published 36, nb201 16)"
    )
    parser.add_argument("--hidden", help="state size of a recurrent cell; default: its own")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the description and return 0.

    Raises:
        EngineError: no such architecture, or a wrong option.
    """
    sizes = {"cells": args.cells, "channels": args.channels, "hidden": args.hidden}
    subject = find_subject(args.network, args.space, args.candidate, **sizes)
    check_builds(space_of(subject.architecture))
    described = describe(subject, *input_of(subject, args.input, args.classes, args.vocabulary))
    print(json.dumps(described.to_json(), indent=2) if args.json else described)
    return 0


def describe(subject: Subject, shape: tuple[int, ...], classes: int) -> Description:
    """Count the network of a subject; see `nasengine.execution.description.describe`."""
    return describe_architecture(subject.name, subject.architecture, shape, classes)


def input_of(
    subject: Subject, shape: str | None, classes: str | None, vocabulary: str | None
) -> tuple[tuple[int, ...], int]:
    """Return input shape and number of classes: as typed, of the run's data set, or by default.

    Raises:
        EngineError: an option for images with a space that reads text or the reverse, a wrong
            number, or a data set that is not on this machine.
    """
    space = subject.architecture.space
    if load("spaces", space).data_kind == "text":
        for option, typed in (("--input", shape), ("--classes", classes)):
            if typed is not None:
                raise EngineError(
                    f"{option} has no meaning for {space}, which reads text: use --vocabulary"
                )
        words = _whole("--vocabulary", vocabulary, MAX_VOCABULARY)
        return _completed(subject, (1,), words, ((1,), int(VOCABULARY)))
    if vocabulary is not None:
        raise EngineError(
            f"--vocabulary has no meaning for {space}, which reads images: use --classes"
        )
    count = _whole("--classes", classes, MAX_CLASSES)
    image = None if shape is None else parse_shape(shape)
    return _completed(subject, image, count, (parse_shape(IMAGE), int(CLASSES)))


def parse_shape(text: str) -> tuple[int, int, int]:
    """Return channels, height and width of a text such as 3x32x32.

    Raises:
        EngineError: the text has another form, or a number is out of range.
    """
    if not re.fullmatch(r"\d{1,9}x\d{1,9}x\d{1,9}", text, re.ASCII):
        raise EngineError(
            f"--input {shorten(text, 40)} is not a shape: write channels x height x width, "
            "as in 3x32x32"
        )
    channels, height, width = (_number("--input", part, MAX_SIDE) for part in text.split("x"))
    return channels, height, width


def _completed(
    subject: Subject,
    shape: tuple[int, ...] | None,
    classes: int | None,
    default: tuple[tuple[int, ...], int],
) -> tuple[tuple[int, ...], int]:
    """Fill in what was not typed: from the run's data set, or the default without a run."""
    if subject.spec is not None:
        return shape_and_classes(subject.spec, shape, classes)
    return shape or default[0], classes or default[1]


def _whole(option: str, text: str | None, most: int) -> int | None:
    return None if text is None else _number(option, text, most)


def _number(option: str, text: str, most: int) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not 1 <= int(text) <= most:
        raise EngineError(
            f"{option} must be a whole number from 1 to {most} (got {shorten(text, 40)})"
        )
    return int(text)
