"""The version of the engine's code, which stored networks record."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

VERSION = "0.1.0"  # the version in pyproject.toml


@cache
def code_version() -> str:
    """Return the version, a plus sign and 12 hex digits that change with every line of code.

    The digits are those of the SHA-256 of all Python files of the engine, so that a checkout
    between two versions is told apart without git.
    """
    root = Path(__file__).parents[1]
    sha = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        content = path.read_bytes()
        sha.update(f"{path.relative_to(root).as_posix()} {len(content)} ".encode())
        sha.update(content)
    return f"{VERSION}+{sha.hexdigest()[:12]}"
