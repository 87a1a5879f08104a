"""Parsers of the command line: errors on one line, examples in every help."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

USAGE_ERROR = 2


class OneLineParser(argparse.ArgumentParser):
    """A parser that reports an error on one line and exits with status 2."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {' '.join(message.split())}; see {self.prog} --help", file=sys.stderr)
        sys.exit(USAGE_ERROR)


def add_command(
    subparsers: Any, name: str, help: str, description: str, examples: tuple[str, ...]
) -> argparse.ArgumentParser:
    """Add one command whose help ends with examples, and return its parser."""
    lines = "\n".join(f"  python -m nasengine {example}" for example in examples)
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name,
        help=help,
        description=description,
        epilog=f"examples:\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser
