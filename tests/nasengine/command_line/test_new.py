"""`new`: the plugin works as it is written, in a checkout and as a package of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib

import pytest

from nasengine.__main__ import main
from nasengine.command_line.new import guide
from nasengine.command_line.new.skeleton import KINDS, MAX_NAME_LENGTH, Skeleton
from nasengine.core.errors import EngineError
from tests.architecture.sources import ROOT, tracked

LONGEST = "a" * MAX_NAME_LENGTH
CONTRACTS = ("strategies", "spaces", "objectives")


def python(folder, *words, **environment):
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["a", LONGEST])
@pytest.mark.parametrize("in_checkout", [True, False])
def test_every_file_passes_the_linter_whatever_the_name(tmp_path, kind, name, in_checkout):
    skeleton = Skeleton(kind, name, in_checkout)
    texts = {**skeleton.sources(), "tests/test_it.py": skeleton.test()}
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ours = 'lint.isort.known-first-party=["nasengine"]'
    python(tmp_path, "ruff", "check", "--no-cache", "--config", ours, ".")
    python(tmp_path, "ruff", "format", "--check", "--no-cache", ".")


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("strategy", "random", "random exists already among the strategies"),
        ("space", "cell", "cell exists already among the spaces"),
        ("strategy", "First", "NAME must be lower-case letters and digits"),
        ("strategy", "first_come", "NAME must be lower-case letters"),
        ("strategy", "-x", "NAME must be lower-case letters"),
        ("strategy", "../x", "NAME must be lower-case letters"),
        ("strategy", "class", "NAME must be lower-case letters"),
        ("strategy", "1st", "NAME must be lower-case letters"),
        ("strategy", LONGEST + "a", f"at most {MAX_NAME_LENGTH} characters"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(kind, name, message):
    with pytest.raises(EngineError, match=message):
        Skeleton.named(kind, name)


LOOK = """
import importlib, sys
for word in sys.argv[1:]:
    module, _, attribute = word.partition(":")
    plugin = getattr(importlib.import_module(module), attribute)
    print(getattr(plugin, "kind", None) or plugin.name)
"""


def test_outside_of_a_checkout_packages_are_written_whose_tests_pass(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    plugins, roots = [], []
    for kind, name in guide.EXAMPLES.items():
        assert main(["new", kind, name]) == 0
        assert f"nasengine-{name}/pyproject.toml" in capsys.readouterr().out
        roots.append(tmp_path / f"nasengine-{name}")
        project = tomllib.loads((roots[-1] / "pyproject.toml").read_text())["project"]
        ((group, entries),) = project["entry-points"].items()
        assert group == f"nasengine.{Skeleton(kind, name).plural}"
        plugins.append(entries[name])
    path = os.pathsep.join(map(str, [*roots, ROOT]))
    tests = [str(root / "tests") for root in roots]
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--import-mode=importlib"]
    shown = python(tmp_path, "pytest", *options, *tests, PYTHONPATH=path)
    assert "passed" in shown and "failed" not in shown
    done = subprocess.run(
        [sys.executable, "-c", LOOK, *plugins],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == list(guide.EXAMPLES.values())
    for kind, name in guide.EXAMPLES.items():
        assert main(["new", kind, name]) == 2
        assert "exists already" in capsys.readouterr().err


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the project in which one plugin of every kind has been written."""
    root = tmp_path_factory.mktemp("checkout")
    for path in tracked():
        target = root / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    for kind, name in guide.EXAMPLES.items():
        python(root / "docs", "nasengine", "new", kind, name, PYTHONPATH=str(root))
    return root


def test_in_a_checkout_contracts_documentation_and_its_own_test_pass(checkout):
    own = [Skeleton(kind, name).test_path for kind, name in guide.EXAMPLES.items()]
    contracts = [f"tests/contracts/test_{kind}.py" for kind in CONTRACTS]
    modules = [name.replace("-", "_") for name in guide.EXAMPLES.values()]
    chosen = [*guide.EXAMPLES.values(), *modules, "catalogue", "reference", "setting"]
    names = " or ".join(chosen)
    shown = python(
        checkout, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *own, *contracts,
        "tests/docs/test_complete.py", "-k", names,
    )  # fmt: skip
    assert "failed" not in shown
    passed = int(shown.rpartition(" passed")[0].split()[-1])
    assert passed > 60, "contract tests of every new plugin"


def test_in_a_checkout_every_new_plugin_is_listed_and_nothing_else_changed(checkout):
    listed = python(checkout, "nasengine", "list")
    for name in guide.EXAMPLES.values():
        assert f"  {name} " in listed
    changed = {
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.read_bytes() != (checkout / path.relative_to(ROOT)).read_bytes()
    }
    assert changed == {
        "nasengine/catalog.py",
        "docs/methods.md",
        "docs/spaces.md",
        "docs/devices.md",
        "docs/reference.md",
    }
    python(checkout, "ruff", "check", "--no-cache", "nasengine", "tests")
    python(checkout, "ruff", "format", "--check", "--no-cache", "nasengine", "tests")


def test_the_guide_shows_what_is_written():
    page = (ROOT / "docs/adding.md").read_text()
    assert guide.updated(page) == page, "run make docs"
    for kind, name in guide.EXAMPLES.items():
        assert f"python -m nasengine new {kind} {name}" in page
