"""The lock files pin everything that the code imports."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions

import pytest
from packaging.requirements import Requirement

from tests.architecture.sources import ROOT, code_of

# Exports import them in functions; they are installed where a network is exported for the device.
DEVICE_LIBRARIES = {
    "ai_edge_litert",
    "executorch",
    "litert_torch",
    "onnxruntime_ep_nv_tensorrt_rtx",
    "tensorrt",
}
# Extras of the application that the tests have.
EXTRAS = {"opentelemetry", "optuna", "botorch", "gpytorch"}
OURS = {"nasengine", "paretoscope", "webapp", "workers", "tests", "manage", "benchmarks"}


def normal(name: str) -> str:
    """Return the normalized name of a distribution."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(*names: str) -> dict[str, str]:
    """Return the version of each distribution in some lock files."""
    found = {}
    for name in names:
        for line in (ROOT / name).read_text().splitlines():
            text = line.split("#")[0].split(";")[0].strip()
            if text:
                match = re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?==([\w.+!]+)", text)
                assert match, f"{name}: {line!r} is not pinned exactly"
                found[normal(match[1])] = match[2]
    return found


def imported(*packages: str) -> set[str]:
    """Return the top-level names of all imports in some packages, inside functions too."""
    names = set()
    for path in code_of(*packages):
        if ROOT / "tests/assets" in path.parents:
            continue  # scripts that were run with a released version
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.add(node.module.split(".")[0])
    return names - OURS - set(sys.stdlib_module_names) - {"_typeshed"}  # mypy brings that one


def missing(names: set[str], lock: dict[str, str]) -> set[str]:
    known = packages_distributions()
    held = set(lock)
    return {name for name in names if not {normal(d) for d in known.get(name, [])} & held}


def test_imports_of_the_application_are_locked():
    """Except those of three extras, which the tests have, and libraries of some devices."""
    names = imported("nasengine", "webapp", "workers") - direct("requirements-notebook.in")
    assert missing(EXTRAS, locked("requirements-test.lock")) == set()
    names -= EXTRAS
    assert missing(names, locked("requirements.lock")) == DEVICE_LIBRARIES


def test_libraries_of_devices_are_documented():
    page = normal((ROOT / "docs/deploy-networks.md").read_text())
    assert [name for name in DEVICE_LIBRARIES if normal(name) not in page] == []


def test_the_library_requires_what_its_code_imports():
    """`pip install .` on its own: the engine's imports, less those that are optional."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = {normal(Requirement(line).name) for line in project["dependencies"]}
    known = packages_distributions()
    files = ("notebook", "export", "s3", "baselines")
    extras = tuple(f"requirements-{name}.in" for name in files)
    agent = direct("requirements-agent.in") | {"nvidia-ml-py"}  # its library for NVIDIA cards
    optional = set().union(agent - {"numpy"}, *map(direct, extras))
    used = {normal(d) for name in imported("nasengine") for d in known.get(name, [])} - optional
    assert used - required == set()
    assert required - direct("requirements.in") == set()
    named_too = {normal(d) for name in named("nasengine") for d in known.get(name, [])}
    assert required - used - named_too == set()


@pytest.mark.parametrize(
    "extra", ["web", "notebook", "export", "telemetry", "agent", "mcp", "baselines", "test"]
)
def test_every_extra_is_a_file_of_direct_requirements(extra):
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    (name,) = tables["dynamic"]["optional-dependencies"][extra]["file"]
    assert direct(name)


def test_imports_of_the_tests_are_locked():
    lock = locked("requirements.lock", "requirements-test.lock")
    assert missing(imported("tests", "benchmarks"), lock) == set()


def needed(lock: dict[str, str]) -> set[str]:
    """Return the requirements of the locked distributions on this machine."""
    names = set()
    for name in lock:
        for text in distribution(name).requires or []:
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or marker.evaluate({"extra": ""}):
                names.add(normal(requirement.name))
    return names


def test_requirements_of_locked_distributions_are_locked_too():
    lock = locked("requirements.lock", "requirements-test.lock")
    assert needed(lock) - set(lock) == set()


def test_every_requirement_is_used():
    """Direct requirements are imported, named in a setting or command, or listed here."""
    packages = ("nasengine", "webapp", "workers")
    assert unused("requirements.in", imported(*packages) | named(*packages)) == {
        "websockets",  # how uvicorn speaks to sockets
    }
    assert unused("requirements-test.in", imported("tests", "benchmarks")) == {
        "botorch",  # what strategy qlognehvi proposes with
        "daphne",  # what channels.testing imports
        "django-stubs",  # types for mypy
        "fastmcp",  # the MCP server; its module is in fastmcp-slim
        "import-linter",  # make lint
        "mypy",  # make lint
        "optuna",  # what strategy tpe proposes with
        "pandas",  # data frames of the client
        "pytest-asyncio",  # tests of sockets
        "pytest-django",  # tests with a database
        "pytest-timeout",  # a test that hangs ends
        "pytest-xdist",  # make test on two cores
        "ruff",  # make lint
    }


def unused(name: str, modules: set[str]) -> set[str]:
    """Return the direct requirements that provide none of the modules."""
    known = packages_distributions()
    used = {normal(d) for module in modules for d in known.get(module, [])}
    return direct(name) - used


def direct(name: str) -> set[str]:
    """Return the distributions named in a file of direct requirements."""
    lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return {normal(Requirement(line).name) for line in lines if line}


def named(*packages: str) -> set[str]:
    """Return the first parts of dotted names in strings, as in settings and commands."""
    found = set()
    for path in code_of(*packages):
        for node in ast.walk(ast.parse(path.read_text())):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and re.fullmatch(r"\w+(\.\w+)*", text):
                found.add(text.split(".")[0])
    return found


def test_every_direct_requirement_is_locked():
    for name in ("requirements", "requirements-test"):
        assert direct(f"{name}.in") - set(locked(f"{name}.lock")) == set()


def test_the_installed_versions_equal_the_lock():
    """Tests must not pass because of another version."""
    for name, version in locked("requirements.lock", "requirements-test.lock").items():
        assert distribution(name).version.split("+")[0] == version, name


def test_torch_and_django_have_the_chosen_versions():
    lock = locked("requirements.lock")
    assert lock["torch"] == "2.13.0"
    assert lock["django"].startswith("5.2.")
