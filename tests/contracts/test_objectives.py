"""What every objective in the catalogue must keep, whatever it costs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nasengine.catalog import load, names
from nasengine.core.errors import EngineError
from nasengine.core.measurement import Measurement
from nasengine.core.settings import from_mapping

OBJECTIVES = names("objectives")
SHAPE = (1, 8, 8)


@pytest.fixture(scope="module")
def network():
    space_class = load("spaces", "cell")
    space = space_class(from_mapping(space_class.Config, {"cells": 2, "channels": 4, "nodes": 2}))
    return space.build(space.sample(np.random.default_rng(0)), SHAPE, 10)


def measured(name, network):
    objective = load("objectives", name)()
    return objective.measure(network, SHAPE, "cpu" if objective.on_device else None)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_objective_says_what_it_is(name):
    objective = load("objectives", name)
    assert objective.kind == name
    assert objective.better in ("lower", "higher")
    assert objective.help.endswith(".")
    assert objective.__doc__


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_measurement_names_objective_unit_and_device(name, network):
    objective = load("objectives", name)
    if objective.from_estimator:
        with pytest.raises(EngineError, match="choose an estimator"):
            objective().measure(network, SHAPE, None)
        return
    found = measured(name, network)
    assert found.objective == (f"{name}@cpu" if objective.on_device else name)
    assert found.unit == objective.unit
    assert found.device == ("cpu" if objective.on_device else None)
    assert found.value > 0
    if objective.on_device:
        assert found.repetitions >= 30
        assert found.spread is not None
        assert {"batch", "dtype", "threads"} <= set(found.detail)
    again = Measurement.from_json(json.loads(json.dumps(found.to_json(), allow_nan=False)))
    assert again == found


@pytest.mark.parametrize("name", OBJECTIVES)
def test_measuring_leaves_the_network_as_it_was(name, network):
    if load("objectives", name).from_estimator:
        return
    network.train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    measured(name, network)
    assert all(module.training for module in network.modules())
    assert all((before[key] == value).all() for key, value in network.state_dict().items())


@pytest.mark.parametrize("name", OBJECTIVES)
def test_what_is_counted_is_the_same_twice(name, network):
    objective = load("objectives", name)
    if not objective.from_estimator and not objective.on_device:
        assert measured(name, network) == measured(name, network)
