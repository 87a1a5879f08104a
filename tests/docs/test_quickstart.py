"""docs/quickstart.md, word for word: notebook cells and shell commands run, addresses exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import types

import pytest
from django.core.management import load_command_class
from django.urls import resolve

import nasengine
from nasengine import catalog
from nasengine.__main__ import main
from nasengine.execution.figures import rows

from .pages import ROOT, commands_of

PAGE = (ROOT / "docs/quickstart.md").read_text()
NOTEBOOK, _, REST = PAGE.partition("\n## Command line\n")
SHELL, _, BROWSER = REST.partition("\n## Browser\n")
CELLS = re.findall(r"```python\n(.*?)```", NOTEBOOK, re.S)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in; what the page registers is forgotten after the test."""
    monkeypatch.setattr(catalog, "_registered", {kind: {} for kind in catalog.KINDS})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_cells_of_the_notebook_run_as_written(folder, monkeypatch, capsys):
    class Frame(list):
        """The two methods of a pandas table that the page uses."""

        def sort_values(self, name):
            return Frame(sorted(self, key=lambda row: row[name]))

        def head(self):
            return self[:5]

    names = {"__name__": "__main__"}
    for number, cell in enumerate(CELLS):
        with monkeypatch.context() as patched:
            if "to_frame" in cell:
                pandas = types.SimpleNamespace(DataFrame=Frame)
                patched.setitem(sys.modules, "pandas", pandas)
            exec(compile(cell, f"cell {number}", "exec"), names)
        assert {(c.state, c.reason) for c in names["result"].candidates} == {("done", "")}
    result, longer = names["result"], names["longer"]
    assert len(result.candidates) == len(rows(result)) == 200
    assert result.best.values["error"] < 10, "guessing one of ten digits is wrong in 90 %"
    assert longer.candidates[:200] == result.candidates
    assert len(longer.candidates) == 300
    assert [candidate.state for candidate in names["trained"].candidates] == ["done"] * 4
    assert names["trained"].best.values["error"] < 85
    assert names["quick"].best.values["error"] == 0
    printed = capsys.readouterr().out
    assert "torch.Size([1, 10])" in printed
    assert "300 True" in printed


def test_the_commands_of_the_shell_run_as_written(folder, capsys):
    commands = [line.strip() for line in SHELL.splitlines() if line.startswith("    python -m")]
    assert len(commands) >= 5
    for command in commands:
        words = shlex.split(command.removeprefix("python -m nasengine"))
        try:
            assert main(words) == 0, command
        except SystemExit as ended:  # --help
            assert ended.code == 0, command
    capsys.readouterr()
    first = nasengine.load_run("first.jsonl")
    assert len(first.candidates) == 300
    assert first.best.values["error"] < 10
    assert len(nasengine.load_run("trained.jsonl").candidates) == 2


def test_notebook_and_command_line_show_the_same_search(folder):
    """The page promises the same words; the settings are the same."""
    (first,) = re.findall(r"^    python .* --out first.jsonl.*$", SHELL, re.M)
    settings = dict(re.findall(r"--(space|strategy|objectives|candidates|seed) (\S+)", first))
    for name in ("space", "strategy"):
        assert f'{name}="{settings[name]}"' in CELLS[0]
    assert settings["objectives"].split(",") == ["error", "params"]
    for name in ("candidates", "seed"):
        assert f"{name}={settings[name]}," in CELLS[0]
    for name, value in re.findall(r"--set (\w+)=(\d+)", first):
        assert f'"{name}": {value}' in CELLS[0]


def test_addresses_and_commands_of_the_browser_part_exist():
    for address in re.findall(r"`(/[\w/]+)`", BROWSER):
        assert resolve(address), address
    (command,) = commands_of(BROWSER, "manage.py launch")
    load_command_class("webapp.runs", "launch").create_parser("manage.py", "launch").parse_args(
        shlex.split(command)
    )
    assert re.search(r"^run:", (ROOT / "Makefile").read_text(), re.M)


def test_the_extra_that_the_page_installs_exists():
    extras = re.findall(r'pip install "\.\[(\w+)\]"', PAGE + (ROOT / "README.md").read_text())
    assert extras and set(extras) == {"notebook"}
    needed = (ROOT / "requirements-notebook.in").read_text().split()
    assert {"pandas", "plotly"} <= set(needed)


def test_the_lines_of_the_readme_run(folder):
    """With fewer candidates and epochs, which only make it slower."""
    readme = (ROOT / "README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.S)
    shorter = code.replace(
        "candidates=20",
        'candidates=2, estimator_config={"epochs": 1}, space_config={"cells": 1, "channels": 4}',
    )
    assert shorter != code
    done = subprocess.run(
        [sys.executable, "-c", shorter],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
