"""Contracts of every objective in the catalogue."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nasengine.catalog import load, names
from nasengine.core.errors import EngineError
from nasengine.core.measurement import Measurement
from nasengine.core.settings import from_mapping
from nasengine.objectives.device_costs import energy_windows

OBJECTIVES = names("objectives")
REPORTED = [name for name in OBJECTIVES if load("objectives", name).from_estimator]
MEASURED = [name for name in OBJECTIVES if name not in REPORTED]
COUNTED = [name for name in MEASURED if not load("objectives", name).on_device]
SHAPE = (1, 8, 8)


@pytest.fixture(autouse=True)
def no_energy_source(monkeypatch):
    """Model energy on every machine: a counter needs windows of several seconds."""
    monkeypatch.setattr(energy_windows, "_source", lambda runs_on: (None, "this is a test"))


@pytest.fixture(scope="module")
def network():
    space_class = load("spaces", "cell")
    space = space_class(from_mapping(space_class.Config, {"cells": 2, "channels": 4, "nodes": 2}))
    return space.build(space.sample(np.random.default_rng(0)), SHAPE, 10)


def measured(name, network):
    objective = load("objectives", name)()
    return objective.measure(network, SHAPE, "cpu" if objective.on_device else None)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_objective_has_a_kind_a_direction_and_a_help_text(name):
    objective = load("objectives", name)
    assert objective.kind == name
    assert objective.better in ("lower", "higher")
    assert objective.help.endswith(".")
    assert objective.__doc__


@pytest.mark.parametrize("name", REPORTED)
def test_an_objective_of_the_estimator_cannot_be_measured_on_a_network(name, network):
    with pytest.raises(EngineError, match="choose an estimator"):
        load("objectives", name)().measure(network, SHAPE, None)


@pytest.mark.parametrize("name", MEASURED)
def test_a_measurement_names_objective_unit_and_device(name, network):
    objective = load("objectives", name)
    measurement = measured(name, network)
    assert measurement.objective == (f"{name}@cpu" if objective.on_device else name)
    assert measurement.unit == objective.unit
    assert measurement.device == ("cpu" if objective.on_device else None)
    assert measurement.value > 0
    if objective.on_device:
        assert {"batch", "dtype", "threads"} <= set(measurement.detail)
        if measurement.method == "modelled":
            assert measurement.detail["why"]
        else:
            assert measurement.repetitions >= 30
            assert measurement.spread is not None
    again = Measurement.from_json(json.loads(json.dumps(measurement.to_json(), allow_nan=False)))
    assert again == measurement


@pytest.mark.parametrize("name", MEASURED)
def test_measuring_does_not_change_the_network(name, network):
    network.train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    measured(name, network)
    assert all(module.training for module in network.modules())
    assert all((before[key] == value).all() for key, value in network.state_dict().items())


@pytest.mark.parametrize("name", COUNTED)
def test_counting_twice_gives_the_same_value(name, network):
    assert measured(name, network) == measured(name, network)
