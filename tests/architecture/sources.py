"""The files of the project as git lists them, and the imports of each."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENERATED_FOLDERS = {".git", ".venv", "var", ".hypothesis"}
PACKAGES = ("nasengine", "webapp", "workers")


@cache
def tracked() -> list[Path]:
    """Return every file of the project, committed or new, in order.

    Without git: every file in the folder that no tool generated.
    """
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return [
            path for path in sorted(ROOT.rglob("*")) if path.is_file() and not _is_generated(path)
        ]
    paths = [ROOT / line for line in sorted(set(listed.stdout.splitlines()))]
    return [path for path in paths if path.is_file()]


def _is_generated(path: Path) -> bool:
    """Return whether a tool generated the file: environments, caches, data of a workbench."""
    top = path.relative_to(ROOT).parts[0]
    return top in GENERATED_FOLDERS or top.endswith("_cache") or "__pycache__" in path.parts


def code_of(*packages: str) -> list[Path]:
    """Return the Python files of some packages, without Django's migrations."""
    return [
        path
        for path in tracked()
        if path.suffix == ".py"
        and path.relative_to(ROOT).parts[0] in packages
        and "migrations" not in path.parts
    ]


def top_imports(path: Path) -> Iterator[str]:
    """Yield the top-level names that a module imports when it is loaded, types excluded."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def name_of(path: Path) -> str:
    """Return the path relative to the project."""
    return str(path.relative_to(ROOT))
