"""The files of the project, as git knows them, and what each imports."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MADE = {".git", ".venv", "var", ".hypothesis"}
ROOMS = ("nasengine", "webapp", "workers")


@cache
def tracked() -> list[Path]:
    """Every file of the project, committed or new, in order; without git, every file there."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return [path for path in sorted(ROOT.rglob("*")) if path.is_file() and not _made(path)]
    paths = [ROOT / line for line in sorted(set(listed.stdout.splitlines()))]
    return [path for path in paths if path.is_file()]


def _made(path: Path) -> bool:
    """Whether a file was made by a tool: environments, caches, data of a workbench."""
    top = path.relative_to(ROOT).parts[0]
    return top in MADE or top.endswith("_cache") or "__pycache__" in path.parts


def code_of(*rooms: str) -> list[Path]:
    """The Python files of some rooms; no migrations, which Django writes."""
    return [
        path
        for path in tracked()
        if path.suffix == ".py"
        and path.relative_to(ROOT).parts[0] in rooms
        and "migrations" not in path.parts
    ]


def top_imports(path: Path) -> Iterator[str]:
    """First parts of what a module imports when it is loaded; types alone do not count."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def name_of(path: Path) -> str:
    """The path within the project."""
    return str(path.relative_to(ROOT))
