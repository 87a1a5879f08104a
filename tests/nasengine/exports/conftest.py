"""One small stored network and its archives, made once for all tests of exports."""

from __future__ import annotations

import zipfile

import pytest

from nasengine.execution.network_folder import load_stored
from nasengine.exports.checking import CheckSettings
from nasengine.exports.context import ExportContext
from nasengine.exports.export import export, export_all
from tests.fixtures.networks import published, remember_operators, stored_network

from .device_exports import EXPORTS, SMALL


@pytest.fixture(scope="session", autouse=True)
def operators():
    """Save a second per export."""
    remember_operators()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A stored network: DARTS_V2 with 3 cells of 2 channels for `digits`."""
    place = tmp_path_factory.mktemp("network")
    stored_network(published("DARTS_V2", cells="3", channels="2"), place)
    return place


@pytest.fixture(scope="session")
def checks():
    """Fewer inputs than an export compares, and no timing."""
    return CheckSettings(inputs=16, test_inputs=40, timing=False)


@pytest.fixture(scope="session")
def context(folder, tmp_path_factory):
    """The context of an export; its graphs are made once."""
    return ExportContext(load_stored(folder), tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="session")
def exported_onnx(folder, checks, tmp_path_factory):
    """The archive for ONNX."""
    return export(folder, "onnx", tmp_path_factory.mktemp("archives"), checks=checks)


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """A stored network of NAS-Bench-201 with one cell of 4 channels for `digits`."""
    place = tmp_path_factory.mktemp("small")
    stored_network(SMALL, place)
    return place


@pytest.fixture(scope="session")
def exported(small, checks, tmp_path_factory):
    """Name of an export for devices -> (deployment report, folder of the unpacked archive)."""
    out = tmp_path_factory.mktemp("devices")
    made = export_all(small, list(EXPORTS.values()), out, checks=checks)
    found = {}
    for name, one in zip(EXPORTS, made, strict=True):
        with zipfile.ZipFile(one.archive) as archive:
            archive.extractall(out / name)
        found[name] = (one.report, out / name)
    return found
