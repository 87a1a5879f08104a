"""The locks hold what the code imports, exactly pinned."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import distribution, packages_distributions

from packaging.requirements import Requirement

from tests.arrows.sources import ROOT, code_of

OURS = {"nasengine", "webapp", "workers", "tests", "manage", "benchmarks"}


def locked(*names: str) -> dict[str, str]:
    """Distribution -> version, of some lock files."""
    found = {}
    for name in names:
        for line in (ROOT / name).read_text().splitlines():
            text = line.split("#")[0].split(";")[0].strip()
            if text:
                match = re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?==([\w.+!]+)", text)
                assert match, f"{name}: {line!r} is not pinned exactly"
                found[match[1].lower().replace("_", "-")] = match[2]
    return found


def imported(*rooms: str) -> set[str]:
    """Top names of everything imported anywhere in the rooms, inside functions too."""
    names = set()
    for path in code_of(*rooms):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.add(node.module.split(".")[0])
    return names - OURS - set(sys.stdlib_module_names)


def missing(names: set[str], lock: dict[str, str]) -> set[str]:
    known = packages_distributions()
    held = set(lock)
    return {
        name
        for name in names
        if not {d.lower().replace("_", "-") for d in known.get(name, [])} & held
    }


def test_what_runs_is_locked():
    assert missing(imported("nasengine", "webapp", "workers"), locked("requirements.lock")) == set()


def test_what_tests_need_is_locked():
    lock = locked("requirements.lock", "requirements-test.lock")
    assert missing(imported("tests", "benchmarks"), lock) == set()


def needed(lock: dict[str, str]) -> set[str]:
    """What the locked distributions ask for on this machine."""
    names = set()
    for name in lock:
        for text in distribution(name).requires or []:
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or marker.evaluate({"extra": ""}):
                names.add(requirement.name.lower().replace("_", "-").replace(".", "-"))
    return names


def test_what_the_locked_ask_for_is_locked_too():
    lock = locked("requirements.lock", "requirements-test.lock")
    held = {name.replace(".", "-") for name in lock}
    assert needed(lock) - held == set()


def test_torch_and_django_are_the_ones_chosen():
    lock = locked("requirements.lock")
    assert lock["torch"] == "2.13.0"
    assert lock["django"].startswith("5.2.")
