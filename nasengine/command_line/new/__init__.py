"""`new`: writes a complete, working plugin with its test."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..parser import add_command
from .checkout import checkout_above, write_into_checkout
from .package import write_package
from .skeleton import KINDS, Skeleton


def add_parser(subparsers: Any) -> None:
    """Add `new` to the command line."""
    parser = add_command(
        subparsers,
        "new",
        help="write the skeleton of a new plugin, with its test",
        description="Write a plugin that works as it is, and its test; then change it."
        "\nInside a checkout: the plugin, its line in the catalogue, tests and documentation."
        "\nElsewhere: a folder with a package that `pip install` makes known to nasengine.",
        examples=("new strategy first-come", "new space my-chain", "new objective layer-count"),
    )
    parser.add_argument("kind", choices=KINDS, help="kind of plugin")
    parser.add_argument("name", metavar="NAME", help="its catalogue name, for example first-come")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the files, print their names and return 0.

    Raises:
        EngineError: the name is not valid or exists already.
    """
    folder = Path.cwd()
    root = checkout_above(folder)
    skeleton = Skeleton.named(args.kind, args.name, in_checkout=root is not None)
    if root is None:
        written = write_package(skeleton, folder)
        advice = f"pip install -e {skeleton.distribution}  # then: python -m nasengine list"
    else:
        folder = root
        written = write_into_checkout(skeleton, root)
        advice = f"python -m pytest {skeleton.test_path}"
    for path in written:
        print(path.relative_to(folder))
    print(f"next: {advice}")
    return 0
