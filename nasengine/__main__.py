"""`python -m nasengine`: the engine on the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from .command_line import describe, export, front, inspect_data, listing, new, search, train
from .command_line.parser import USAGE_ERROR, OneLineParser
from .core.errors import EngineError

INTERRUPTED = 130  # the exit status of a shell's command after Ctrl-C
COMMANDS = (listing, search, train, describe, front, export, inspect_data, new)


def parser() -> OneLineParser:
    """Return the parser with every command; each sets `run` to a function of its arguments."""
    top = OneLineParser(
        prog="python -m nasengine",
        description="Neural architecture search: list plugins, search, describe, show a front.",
        epilog="Each command shows examples: python -m nasengine search --help",
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status; user errors are one line on stderr and 2."""
    try:
        args = parser().parse_args(arguments)
        status = args.run(args)
        sys.stdout.flush()
        return status
    except EngineError as error:
        print(f"nasengine: {' '.join(str(error).split())}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        print("nasengine: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has gone, as `head` does: nothing more can be written to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main())
