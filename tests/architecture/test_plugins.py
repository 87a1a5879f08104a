"""Strategies and spaces are packages: a plugin imports its own parts and `common`, no sibling."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from nasengine import catalog

from .sources import ROOT, code_of

SHARED = {"common", "layers"}
ENTRIES = {"spaces": "space", "strategies": "strategy"}


def plugin_of(module: str, kind: str) -> str:
    """Return the plugin that a module of a kind belongs to, or the shared folder it is in.

    A folder with a `common` of its own, such as `one_shot`, is a family: its members are plugins.
    """
    root = f"nasengine.{kind}"
    parts = module.removeprefix(f"{root}.").split(".")
    family = (ROOT / "nasengine" / kind / parts[0] / "common").is_dir()
    return ".".join(parts[:2] if family and len(parts) > 1 else parts[:1])


def imports_of(path: Path) -> set[str]:
    """Return the absolute names of all project modules that a file imports."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            names.add(".".join([*base, *(node.module or "").split(".")]))
    return {name for name in names if name.startswith("nasengine.")}


def sibling_imports(kind: str) -> list[str]:
    """Return every import of another plugin of the same kind."""
    faults = []
    for path in code_of("nasengine"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[1] != kind or parts[-1] == "__init__":
            continue
        own = plugin_of(".".join(parts), kind)
        for name in sorted(imports_of(path)):
            if not name.startswith(f"nasengine.{kind}."):
                continue
            other = plugin_of(name, kind)
            if other != own and not SHARED & set(other.split(".")):
                faults.append(f"{own} imports {other}")
    return faults


def test_the_plugin_of_a_module_and_its_imports_are_found():
    assert plugin_of("nasengine.strategies.nsga2", "strategies") == "nsga2"
    assert plugin_of("nasengine.strategies.renas.controller", "strategies") == "renas"
    assert plugin_of("nasengine.strategies.one_shot.darts.config", "strategies") == "one_shot.darts"
    darts = ROOT / "nasengine/strategies/one_shot/darts/strategy.py"
    assert "nasengine.strategies.one_shot.common.search" in imports_of(darts)
    assert "nasengine.strategies.one_shot.darts.config" in imports_of(darts)


def test_no_strategy_imports_another_strategy():
    assert sibling_imports("strategies") == []


def test_no_space_and_no_shared_part_imports_another_space():
    # Published networks are architectures of a space, so they import it.
    faults = [fault for fault in sibling_imports("spaces") if not fault.startswith("published ")]
    assert faults == []


def test_shared_parts_import_no_strategy():
    for path in code_of("nasengine"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[1] == "strategies" and "common" in parts:
            family = ".".join(parts[: parts.index("common") + 1])
            for name in imports_of(path):
                if name.startswith("nasengine.strategies."):
                    allowed = (family, "nasengine.strategies.common")
                    assert name.startswith(allowed), f"{path.name} imports {name}"


@pytest.mark.parametrize("kind", ["spaces", "strategies"])
def test_each_catalogue_entry_is_a_plugin_of_its_own(kind):
    modules = [entry.split(":")[0] for entry in catalog.KINDS[kind].values()]
    plugins = [plugin_of(module, kind) for module in modules]
    assert len(set(plugins)) == len(plugins)
    for module, plugin in zip(modules, plugins, strict=True):
        # One file, or a package whose entry is space.py or strategy.py.
        assert module in (
            f"nasengine.{kind}.{plugin}",
            f"nasengine.{kind}.{plugin}.{ENTRIES[kind]}",
        )
