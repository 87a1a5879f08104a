"""Names that people, scripts and stored settings use are those of commit 813a27a, or more."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class

from nasengine.__main__ import main

from .samples import read_json, same, with_text_of_today

NAMES = read_json("names.json.gz")
ROOT = Path(__file__).parents[2]
ENTRIES = [
    pytest.param(kind, entry, id=f"{kind}-{entry['name']}")
    for kind, entries in NAMES["list"].items()
    for entry in entries
]


@pytest.fixture(scope="module")
def listed() -> dict[str, dict[str, Any]]:
    """Return the present listing: kind -> name -> entry."""
    from contextlib import redirect_stdout
    from io import StringIO

    with redirect_stdout(StringIO()) as out:
        assert main(["list", "--json"]) == 0
    found = json.loads(out.getvalue())
    return {kind: {entry["name"]: entry for entry in entries} for kind, entries in found.items()}


# Defaults that have changed since, because they are better. Runs store all of their settings.
CHANGED_DEFAULTS = {("renas", "survival"): "auto", ("dpp-net", "epochs"): 25}


@pytest.mark.parametrize(("kind", "entry"), ENTRIES)
def test_the_catalogue_has_the_entry_with_its_settings(kind, entry, listed):
    found = listed[kind][entry["name"]]
    settings = {one["name"]: one for one in found.get("settings", ())}
    for setting in entry.get("settings", ()):
        now = settings[setting["name"]]
        same = ("kind", "default", "optional", "unit")
        changed = (entry["name"], setting["name"])
        setting["default"] = CHANGED_DEFAULTS.get(changed, setting["default"])
        assert [now[name] for name in same] == [setting[name] for name in same]
        assert set(setting["choices"] or ()) <= set(now["choices"] or setting["choices"] or ())
        assert setting["low"] is None or now["low"] is None or now["low"] <= setting["low"]
        assert setting["high"] is None or now["high"] is None or now["high"] >= setting["high"]


@pytest.mark.parametrize(
    ("words", "expected"), NAMES["described"], ids=[words[0] for words, _ in NAMES["described"]]
)
def test_an_architecture_is_described_as_before(words, expected, capsys):
    assert main(["describe", *words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert same(found, with_text_of_today(expected), more=True)


def help_of(command: str, capsys, monkeypatch) -> str:
    """Return the help of a command."""
    start, name, *rest = command.split()
    if command == "manage.py up":  # it may replace its process
        words = [sys.executable, *command.split(), "--help"]
        return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    if start == "manage.py":
        made = load_command_class(get_commands()[name], name)
        return made.create_parser("manage.py", name).format_help()
    monkeypatch.setattr(sys, "argv", [name, *rest, "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(name, run_name="__main__")
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", NAMES["options"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the module is imported already
def test_a_command_takes_the_same_options(command, capsys, monkeypatch):
    text = help_of(command, capsys, monkeypatch)
    found = set(re.findall(r"^ {2}(?:-\w, )?(--[a-z][a-z-]*)", text, re.M))
    assert set(NAMES["options"][command]) <= found


def test_every_environment_variable_is_still_read():
    folders = ("nasengine", "webapp", "workers")
    code = "\n".join(p.read_text() for name in folders for p in (ROOT / name).rglob("*.py"))
    assert [name for name in NAMES["environment"] if f'"{name}"' not in code] == []


def test_every_kind_of_event_is_documented():
    text = (ROOT / "docs" / "events.md").read_text()
    assert set(NAMES["event_kinds"]) <= set(re.findall(r"^\| `(\w+)` \|", text, re.M))
