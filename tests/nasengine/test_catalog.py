"""The catalogue: built-in names, registered classes, entry points of installed packages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import nasengine
from nasengine import catalog
from nasengine.core.architecture import Architecture
from nasengine.core.errors import EngineError, UnknownName
from tests.fixtures.toy import MuteSpace, ToyEstimator, ToySpace, Weight

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    monkeypatch.setattr(catalog, "_registered", {kind: {} for kind in catalog.KINDS})


def test_a_registered_class_is_found_by_name():
    nasengine.register("space", ToySpace)
    nasengine.register("objectives", Weight)
    nasengine.register("network", Architecture("toy", {}, [1]), name="Toy-1")
    assert catalog.load("spaces", "toy") is ToySpace
    assert catalog.load("objectives", "weight") is Weight
    assert catalog.load("networks", "Toy-1").genome == [1]
    assert catalog.names("spaces")[-1] == "toy"
    assert catalog.has("spaces", "toy") and not catalog.has("spaces", "mute")


def test_registering_again_replaces_as_a_notebook_needs():
    nasengine.register("space", ToySpace)
    again = type("ToySpace", (ToySpace,), {})
    nasengine.register("space", again)
    assert catalog.load("spaces", "toy") is again


@pytest.mark.parametrize(
    ("kind", "entry", "name", "message"),
    [
        ("colour", ToySpace, None, "'colour' is not a kind of plugin: use space, strategy"),
        ("space", ToyEstimator, None, "'ToyEstimator' must be a subclass of Space"),
        ("space", ToySpace(ToySpace.Config()), None, "must be a subclass of Space"),
        ("network", ToySpace, "x", "must be an Architecture"),
        ("space", ToySpace, "other", "'ToySpace' calls itself 'toy', not 'other': use one name"),
        ("space", type("Cell", (ToySpace,), {"name": "cell"}), None, "cell is a built-in name"),
        ("space", type("Bare", (ToySpace,), {"name": ""}), None, "'Bare' needs a name"),
        ("space", type("Bad", (ToySpace,), {"name": "a\nb"}), None, "'Bad' needs a name"),
    ],
)
def test_what_cannot_be_registered_is_refused(kind, entry, name, message):
    with pytest.raises(EngineError, match=message):
        nasengine.register(kind, entry, name)
    assert catalog.registered() == []


@pytest.mark.parametrize("name", ["nowhere", "", None, 7, ["cell"]])
def test_an_unknown_name_lists_those_that_exist(name):
    nasengine.register("space", MuteSpace)
    with pytest.raises(UnknownName, match=r"is not among the spaces; known: cell, .*, mute"):
        catalog.load("spaces", name)


PLUGIN = """
from tests.fixtures.toy import ToySpace

class OutsideSpace(ToySpace):
    name = "outside"

class Misnamed(ToySpace):
    name = "another"
"""


@pytest.fixture
def package(tmp_path):
    """An installed package with entry points: one works, the others are broken."""
    (tmp_path / "outside_plugin.py").write_text(PLUGIN)
    (tmp_path / "broken_plugin.py").write_text("raise RuntimeError('no licence\\nfound')")
    info = tmp_path / "outside_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[nasengine.spaces]\n"
        "outside = outside_plugin:OutsideSpace\n"
        "broken = broken_plugin:Space\n"
        "missing = absent_module:Space\n"
        "misnamed = outside_plugin:Misnamed\n"
        "cell = outside_plugin:OutsideSpace\n"
    )
    return tmp_path


def output_with(package, code):
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_entry_points_are_loaded_when_they_are_used(package):
    code = """
import sys
import nasengine
from nasengine import catalog
print("outside_plugin" in sys.modules)
print(catalog.has("spaces", "outside"), "outside_plugin" in sys.modules)
print(catalog.load("spaces", "outside").name, catalog.load("spaces", "cell").__module__)
result = nasengine.search(space="outside", strategy="random", candidates=3, progress=False,
                          estimator=lambda architecture: 1.0, objectives=["error"])
print([candidate.state for candidate in result.candidates])
"""
    assert output_with(package, code) == [
        "False",
        "True False",
        "outside nasengine.spaces.cell.space",
        "['done', 'done', 'done']",
    ]


def test_a_broken_entry_point_breaks_nothing_else_and_says_why_when_it_is_used(package):
    code = """
from nasengine import catalog
from nasengine.core.errors import EngineError
print(catalog.names("spaces")[-1], len(catalog.names("spaces")) - len(catalog.KINDS["spaces"]))
for name in ("broken", "missing", "misnamed"):
    try:
        catalog.load("spaces", name)
    except EngineError as error:
        print(error)
"""
    assert output_with(package, code) == [
        "outside 1",
        "spaces 'broken' of the package outside-plugin cannot be loaded (RuntimeError: no licence "
        "found): repair or uninstall the package",
        "spaces 'missing' of the package outside-plugin cannot be loaded (ModuleNotFoundError: No "
        "module named 'absent_module'): repair or uninstall the package",
        "spaces 'misnamed' of the package outside-plugin cannot be used: 'Misnamed' calls itself "
        "'another', not 'misnamed': use one name",
    ]


def test_the_listing_shows_plugins_of_packages_and_skips_broken_ones(package):
    code = """
from nasengine.__main__ import main
main(["list", "spaces"])
"""
    lines = output_with(package, code)
    assert any(line.split()[:1] == ["outside"] for line in lines)
    assert not any("broken" in line or "misnamed" in line for line in lines)
