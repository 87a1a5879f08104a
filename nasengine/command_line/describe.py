"""`describe`: parameters, multiply-accumulates and graph of one architecture."""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import dataclass
from typing import Any

from ..catalog import load
from ..core.architecture import Architecture
from ..core.errors import EngineError
from ..core.settings import from_mapping
from ..core.space import Space
from ..core.text import shorten
from ..spaces.common.deployment import as_deployed
from .subject import Subject, find_subject

MAX_SIDE = 4096
MAX_CLASSES = 100_000
MAX_WORDS = 10_000_000
# What is described where nothing is said: CIFAR-10, the Penn treebank.
IMAGE, CLASSES, VOCABULARY = "3x32x32", "10", "10000"


@dataclass(frozen=True)
class Description:
    """What is known of an architecture for one input shape and number of classes."""

    name: str
    space: Space
    architecture: Architecture
    shape: tuple[int, ...]
    classes: int
    params: int
    macs: int

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "space": self.space.name,
            "input": list(self.shape),
            "classes": self.classes,
            "params": self.params,
            "macs": self.macs,
            "id": self.architecture.id,
            "text": self.space.text(self.architecture),
            "architecture": self.architecture.to_json(),
            "graph": self.space.graph(self.architecture),
        }


def add_parser(subparsers: Any) -> None:
    """Adds `describe` to the command line."""
    parser = subparsers.add_parser(
        "describe",
        help="parameters, multiply-accumulates and graph of an architecture",
        description="Prints params, macs and graph of an architecture. Nothing is trained.",
    )
    parser.add_argument(
        "network",
        metavar="NETWORK|FILE",
        help="a published network (see: list networks), an nb201 string, shared:SPACE "
        "(the network that shares weights), or a JSON file that holds an architecture",
    )
    parser.add_argument("--space", help="the space NETWORK belongs to (default: recognised)")
    parser.add_argument("--input", help=f"CxHxW (default {IMAGE})")
    parser.add_argument("--classes", help=f"classes to tell apart (default {CLASSES})")
    parser.add_argument(
        "--vocabulary", help=f"words to tell apart, where text is read (default {VOCABULARY})"
    )
    parser.add_argument(
        "--cells", help="cells in the network (default: its own; published cells 20, nb201 5)"
    )
    parser.add_argument(
        "--channels",
        help="channels of the first cells (default: its own; published cells 36, nb201 16)",
    )
    parser.add_argument(
        "--hidden", help="numbers in the state of a recurrent cell (default: its own)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the description; 0, or 2 with one line on stderr where it is refused."""
    try:
        sizes = {"cells": args.cells, "channels": args.channels, "hidden": args.hidden}
        subject = find_subject(args.network, args.space, **sizes)
        described = describe(subject, *asked(subject, args.input, args.classes, args.vocabulary))
    except EngineError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(described.to_json(), indent=2))
    else:
        print("\n".join(_lines(described)))
    return 0


def asked(
    subject: Subject, shape: str | None, classes: str | None, vocabulary: str | None
) -> tuple[tuple[int, ...], int]:
    """Shape of an input and number of classes, as typed or by default.

    Raises:
        EngineError: an option of images where text is read or the other way, or a wrong number.
    """
    space = subject.architecture.space
    if load("spaces", space).data_kind == "text":
        for option, given in (("--input", shape), ("--classes", classes)):
            if given is not None:
                raise EngineError(
                    f"{option} has no meaning for {space}, which reads text: use --vocabulary"
                )
        words = VOCABULARY if vocabulary is None else vocabulary
        return (1,), _whole("--vocabulary", words, MAX_WORDS)
    if vocabulary is not None:
        raise EngineError(
            f"--vocabulary has no meaning for {space}, which reads images: use --classes"
        )
    count = _whole("--classes", CLASSES if classes is None else classes, MAX_CLASSES)
    return parse_shape(IMAGE if shape is None else shape), count


def describe(subject: Subject, shape: tuple[int, ...], classes: int) -> Description:
    """Counts a network that exists in shapes only (torch's meta device).

    Raises:
        EngineError: the space refuses its settings or the architecture.
    """
    import torch

    architecture = subject.architecture
    space_class = load("spaces", architecture.space)
    space = space_class(from_mapping(space_class.Config, architecture.config))
    with torch.device("meta"):
        network = as_deployed(space.build(architecture, shape, classes))
    params, macs = (
        int(load("objectives", kind)().measure(network, shape, None).value)
        for kind in ("params", "macs")
    )
    return Description(subject.name, space, architecture, shape, classes, params, macs)


def parse_shape(text: str) -> tuple[int, int, int]:
    """Channels, height and width from a text such as 3x32x32.

    Raises:
        EngineError: the text has another form or a number out of range.
    """
    if not re.fullmatch(r"\d{1,9}x\d{1,9}x\d{1,9}", text, re.ASCII):
        raise EngineError(
            f"--input {shorten(text, 40)} is not a shape: write channels x height x width, "
            "as in 3x32x32"
        )
    channels, height, width = (_whole("--input", part, MAX_SIDE) for part in text.split("x"))
    return channels, height, width


def _whole(option: str, text: str, most: int) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not 1 <= int(text) <= most:
        raise EngineError(
            f"{option} must be a whole number from 1 to {most} (got {shorten(text, 40)})"
        )
    return int(text)


def _lines(described: Description) -> list[str]:
    config = described.architecture.config
    settings = ", ".join(f"{name} {_short(value)}" for name, value in config.items())
    shape = "x".join(map(str, described.shape))
    of_text = described.space.data_kind == "text"
    read = (
        f"one word of {described.classes}" if of_text else f"{shape}, {described.classes} classes"
    )
    lines = [
        described.name,
        f"space     {described.space.name}: {settings}",
        f"input     {read}",
        f"params    {described.params}",
        f"macs      {described.macs}",
    ]
    for cell in described.space.graph(described.architecture)["cells"]:
        lines += ["", f"cell {cell['name']}"]
        lines += [
            f"  {edge['source']:>4} -> {edge['target']:<4} {edge['label']}"
            for edge in cell["edges"]
        ]
    return lines


def _short(value: Any) -> str:
    return f"{len(value)} of them" if isinstance(value, list) else str(value)
