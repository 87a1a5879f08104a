"""`python -m nasengine`: the engine on the command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from .command_line import describe, front, listing, search
from .core.errors import EngineError

WRONG = 2
INTERRUPTED = 130  # what shells report after Ctrl-C
COMMANDS = (listing, search, describe, front)


class OneLineParser(argparse.ArgumentParser):
    """A parser whose refusals are one line."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {' '.join(message.split())}; see {self.prog} --help", file=sys.stderr)
        sys.exit(WRONG)


def parser() -> argparse.ArgumentParser:
    """The parser with every command; each sets `run` to a function of its arguments."""
    whole = OneLineParser(
        prog="python -m nasengine",
        description="Neural architecture search: list what there is, search, describe, compare.",
    )
    commands = whole.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    return whole


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command; what a person got wrong is one line on stderr and exit status 2."""
    try:
        args = parser().parse_args(words)
        status = args.run(args)
        sys.stdout.flush()
        return status
    except EngineError as error:
        print(f"nasengine: {' '.join(str(error).split())}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        print("nasengine: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader went away, as `head` does: nothing is left to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main())
