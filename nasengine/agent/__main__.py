"""Command line of the agent: `python -m nasengine.agent`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from pathlib import Path

from .client import Client
from .loop import Agent, Stopped
from .runtimes import available

TOKEN_VARIABLE = "NASENGINE_TOKEN"


def main(arguments: list[str] | None = None) -> int:
    """Run the agent until it is stopped; return the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    token = options.token or os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        return _wrong(f"there is no token: give --token or set {TOKEN_VARIABLE}")
    if options.runtime and options.runtime not in available():
        known = ", ".join(available()) or "none"
        return _wrong(f"runtime {options.runtime} is not on this device; it has: {known}")
    folder = options.folder or Path.home() / ".cache" / "nasengine-agent" / options.name
    try:
        client = Client(options.server, token, options.insecure)
        agent = Agent(client, options.name, folder, options.runtime, options.threads)
    except (ValueError, OSError) as error:
        return _wrong(str(error))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: agent.stop())
    try:
        agent.run(options.jobs)
    except Stopped as error:
        return _wrong(f"the workbench does not accept this agent: {error}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m nasengine.agent",
        description="Measure networks of a workbench on this device.",
    )
    parser.add_argument("--name", required=True, help="name of the device in the workbench")
    parser.add_argument(
        "--server", required=True, help="address, such as https://workbench.example"
    )
    parser.add_argument("--token", help=f"token of the device; default: ${TOKEN_VARIABLE}")
    parser.add_argument("--runtime", help="runtime to use; default: the first that is found")
    parser.add_argument(
        "--threads", type=_threads, help="processor threads; default: the runtime's"
    )
    parser.add_argument("--folder", type=Path, help="where answers are kept until accepted")
    parser.add_argument("--jobs", type=int, help="end after so many measurements")
    parser.add_argument("--insecure", action="store_true", help="allow http to another machine")
    return parser


def _threads(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _wrong(text: str) -> int:
    print(f"nasengine.agent: {text}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
