"""One small stored network and its archives, made once for all tests of exports."""

from __future__ import annotations

import pytest

from nasengine.execution.network_folder import load_stored
from nasengine.exports.checking import CheckSettings
from nasengine.exports.context import ExportContext
from nasengine.exports.export import export
from tests.fixtures.networks import published, remember_operators, stored_network


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
