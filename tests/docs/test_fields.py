"""Every field of a device file and every setting of a data set is documented."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from nasengine.catalog import load, names
from nasengine.core.settings import describe
from nasengine.objectives.common import device_files

DOCS = Path(__file__).parents[2] / "docs"


def first_cells(page: str) -> set[str]:
    """Return the words in backquotes in the first cells of the tables of a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    rows = re.findall(r"^\|([^|]*)\|", text, re.MULTILINE)
    return {word for cell in rows for word in re.findall(r"`([^`]+)`", cell)}


def test_every_field_of_a_device_file_is_documented():
    expected = {field.name for field in fields(device_files.DeviceFile)}
    assert expected - first_cells("devices.md") == set()


@pytest.mark.parametrize("name", names("datasets"))
def test_a_data_set_and_its_settings_are_documented(name):
    expected = {name, *(field.name for field in describe(load("datasets", name).Config))}
    assert expected - first_cells("data.md") == set()


def test_the_device_file_of_the_page_is_valid(tmp_path, monkeypatch):
    text = (DOCS / "devices.md").read_text(encoding="utf-8")
    name, example = re.search(r"file `([\w-]+)\.json`.*?```json\n(.*?)```", text, re.S).groups()
    (tmp_path / f"{name}.json").write_text(example)
    monkeypatch.setattr(device_files, "FOLDER", tmp_path)
    monkeypatch.setattr(device_files, "profiles", dict)
    device_files.devices.cache_clear()
    try:
        (device,) = device_files.devices().values()
        assert (device.name, device.queue, device.batch) == (name, "cuda", 32)
        assert set(json.loads(example)) <= {field.name for field in fields(type(device))}
    finally:
        device_files.devices.cache_clear()
