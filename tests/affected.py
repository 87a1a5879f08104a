"""Print the test files affected by the uncommitted and unmerged changes; `make check` runs them.

A test file is affected if it changed, if it imports a changed module directly, or if it is in the
folder that mirrors a changed module's package. Browser tests, process tests and the start of the
workbench take minutes and run only if they changed themselves; `make test` runs everything.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("nasengine", "webapp", "workers", "tests")
SLOW = ("tests/e2e/", "tests/workers/", "tests/start/", "tests/compatibility/")
# Changes outside Python modules, by prefix, and the tests that read those files.
READERS = {
    "docs/": "tests/docs",
    "README.md": "tests/docs",
    "templates/": "tests/webapp/pages",
    "webapp/static/": "tests/webapp/pages",
    "nasengine/catalog.py": "tests/contracts",
    "nasengine/spaces/": "tests/contracts/test_spaces.py",
    "nasengine/strategies/": "tests/contracts/test_strategies.py",
    "pyproject.toml": "tests/architecture",
}


def changed_files(base: str) -> list[str]:
    """Return the files that differ from `base`, uncommitted and new ones included."""
    commands = (
        ["git", "diff", "--name-only", "--merge-base", base],
        ["git", "ls-files", "--others", "--exclude-standard"],
    )
    names: set[str] = set()
    for command in commands:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        names.update(done.stdout.split())
    return sorted(names)


def affected_tests(changed: Iterable[str], graph: grimp.ImportGraph) -> list[str]:
    """Return the paths of affected tests for changed files, relative to the project."""
    paths: set[str] = set()
    for name in changed:
        paths.update(path for prefix, path in READERS.items() if name.startswith(prefix))
        if _is_test(name) and (ROOT / name).exists():
            paths.add(name)
        module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if not name.endswith(".py") or module not in graph.modules:
            continue
        for importer in graph.find_modules_that_directly_import(module):
            path = importer.replace(".", "/") + ".py"
            if _is_test(path) and not path.startswith(SLOW):
                paths.add(path)
        mirror = f"tests/{Path(name).parent}"
        if not name.startswith("tests/") and any((ROOT / mirror).glob("test_*.py")):
            paths.add(mirror)
    return sorted(paths)


def _is_test(name: str) -> bool:
    return name.startswith("tests/") and Path(name).name.startswith("test_")


def main() -> int:
    """Print the affected tests, relative to the branch or commit named on the command line."""
    base = sys.argv[1] if len(sys.argv) > 1 else "HEAD"
    print(" ".join(affected_tests(changed_files(base), grimp.build_graph(*PACKAGES))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
