"""Where the servers of a running workbench are, for commands that are started next to it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

FILE_NAME = "servers.json"
VARIABLES = ("DATABASE_URL", "BROKER_URL")


@contextlib.contextmanager
def announced(var: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Write the addresses to a file that only its owner can read, while the workbench runs.

    They hold the broker's password.
    """
    path = var / FILE_NAME
    values = {name: environment[name] for name in VARIABLES} | {"pid": str(os.getpid())}
    part = path.with_name(f"{FILE_NAME}.part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
        json.dump(values, file)
    part.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def servers_of(var: Path) -> dict[str, str]:
    """Return DATABASE_URL and BROKER_URL of the workbench that runs in this folder.

    Variables of the environment come first: if one of the two is set, the file is not read. Empty
    if no workbench runs, also if it was killed and left the file behind.
    """
    given = {name: os.environ[name] for name in VARIABLES if os.environ.get(name)}
    if given:
        return given
    try:
        values = json.loads((var / FILE_NAME).read_text())
        os.kill(int(values["pid"]), 0)
        return {name: str(values[name]) for name in VARIABLES}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
