"""`list`: the catalogue, entry by entry."""

from __future__ import annotations

import argparse
import json

import pytest

from nasengine.catalog import names
from nasengine.command_line import listing
from nasengine.core.errors import EngineError
from nasengine.objectives.common import device_files


def command(*words):
    parser = argparse.ArgumentParser()
    listing.add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["list", *words])
    return args.run(args)


@pytest.mark.parametrize("kind", listing.LISTED[:-1])
def test_every_entry_is_listed_with_a_summary(capsys, kind):
    assert command(kind, "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert list(listed) == [kind]
    assert [entry["name"] for entry in listed[kind]] == names(kind)
    for entry in listed[kind]:
        assert entry["summary"].endswith(".")
        for setting in entry.get("settings", ()):
            assert setting["help"]


def test_settings_come_with_default_and_range(capsys):
    command("spaces", "--json")
    cell, nb201 = json.loads(capsys.readouterr().out)["spaces"][:2]
    found = {setting["name"]: setting for setting in cell["settings"]}
    assert (found["cells"]["default"], found["cells"]["low"], found["cells"]["high"]) == (5, 1, 40)
    assert len(found["operations"]["default"]) == 8
    assert "enumerate" in nb201["capabilities"]


def test_networks_are_ready_to_describe(capsys):
    command("networks", "--json")
    listed = json.loads(capsys.readouterr().out)["networks"]
    assert {entry["space"] for entry in listed} == {"cell", "recurrent-cell"}
    assert listed[0]["architecture"]["config"]["cells"] == 20


def test_without_a_kind_everything_is_listed(capsys):
    assert command("--json") == 0
    assert list(json.loads(capsys.readouterr().out)) == [*listing.LISTED]
    assert command() == 0
    text = capsys.readouterr().out
    assert "cells = 5 [1..40]" in text
    assert "DARTS_V2" in text


def test_devices_are_files(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(device_files, "FOLDER", tmp_path)
    monkeypatch.setattr(device_files, "profiles", dict)
    device_files.devices.cache_clear()
    assert command("devices") == 0
    assert capsys.readouterr().out == "devices\n  none\n"
    facts = {"summary": "A board.", "method": "tabular", "provenance": "a paper", "batch": 1}
    for content in (facts, {**facts, "costs": []}, {**facts, "costs": ["latency"], "runs_on": "x"}):
        (tmp_path / "board.json").write_text(json.dumps(content))
        device_files.devices.cache_clear()
        with pytest.raises(EngineError, match=r"board\.json is not a device file"):
            command("devices")
    facts["costs"] = ["latency"]
    (tmp_path / "board.json").write_text(json.dumps(facts))
    device_files.devices.cache_clear()
    command("devices", "--json")
    assert json.loads(capsys.readouterr().out)["devices"] == [
        {"name": "board", "summary": "A board.", "facts": facts}
    ]
    monkeypatch.undo()
    device_files.devices.cache_clear()


def test_an_unknown_kind_is_refused():
    with pytest.raises(SystemExit) as refused:
        command("colours")
    assert refused.value.code == 2
