"""The code and the packages of this process, which each run stores at launch."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from nasengine.execution.code_version import code_version

ROOT = Path(__file__).resolve().parents[3]
GIT_SECONDS = 3
PACKAGES = (
    *("torch", "torchvision", "numpy", "scipy", "scikit-learn", "moocore", "pandas", "onnx"),
    *("onnxruntime", "openvino", "Django", "celery", "channels", "psycopg"),
)


@cache
def environment() -> dict[str, Any]:
    """Return what this process runs on; read once, since a process does not reload its code.

    Returns:
        {"code", "commit", "changed", "python", "platform", "packages": {name: version}}. `commit`
        is "" and `changed` null where there is no git checkout.
    """
    commit = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--untracked-files=no") if commit else None
    return {
        "code": code_version(),
        "commit": commit or "",
        "changed": None if changes is None else bool(changes),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
    }


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments],
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
