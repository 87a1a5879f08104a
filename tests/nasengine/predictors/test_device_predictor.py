"""The steps of a predictor on real networks: describe, choose, export, fit, and keep as JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import spearmanr

import nasengine
from nasengine.core.errors import EngineError
from nasengine.exports.device_predictor import Networks, choose, run_step
from nasengine.predictors.few_shot.description import features_of, modelled_costs
from nasengine.predictors.few_shot.fitted import FittedPredictor
from nasengine.predictors.few_shot.kernel import Inputs
from nasengine.predictors.few_shot.learning import Prior
from nasengine.predictors.few_shot.validation import LeftOut, Validation, validate, width_factor

COUNT = 22
CONFIG = {"channels": 4, "cells": 1}


@pytest.fixture(scope="module")
def space():
    space_class = nasengine.load_plugin("spaces", "nb201")
    return space_class(space_class.Config(**CONFIG))


@pytest.fixture(scope="module")
def kept():
    return {}  # descriptions, computed once for all tests


@pytest.fixture(scope="module")
def networks(space):
    rng = np.random.default_rng(3)
    found = {one.id: one for one in (space.sample(rng) for _ in range(3 * COUNT))}
    return list(found.values())[:COUNT]


@pytest.fixture
def step(networks, kept, tmp_path):
    def act(name, **values):
        request = {
            "step": name,
            "architectures": [network.to_json() for network in networks],
            "dataset": "digits",
            "dataset_config": {},
            "descriptions": kept,
            "place": str(tmp_path),
            **values,
        }
        points = []

        def report(point):
            points.append(point)
            kept.update(point.get("descriptions", {}))

        return run_step(request, report, lambda: False), points

    return act


def costs_of(kept, cost="latency", device="raspberry_pi_5"):
    """Return a cost of each network on a device that resembles a profile, with noise."""
    values = {key: one["costs"][cost][device] for key, one in kept.items()}
    noise = np.random.default_rng(0).normal(0, 0.02, len(values))
    return np.array([0.4 + 3 * v for v in values.values()]) * np.exp(noise)


def test_a_device_is_predicted_from_ten_of_its_networks(step, networks, kept, space):
    _, points = step("fit", measured={})
    assert (points[0]["shape"], points[0]["classes"]) == ((1, 8, 8), 10)
    assert len(kept) == COUNT, "every network was described, in chunks that the caller keeps"
    every = Networks(networks, (1, 8, 8), 10, kept)
    quiet = {"report": lambda _: None, "cancelled": lambda: False}
    chosen = choose(every, "latency", 10, seed=1, **quiet)
    assert len({one.id for one in chosen}) == 10
    truth = dict(zip((network.id for network in networks), costs_of(kept), strict=True))
    measured = {one.id: truth[one.id] for one in chosen}
    three = dict(list(measured.items())[:3])
    costs = {"latency": measured, "power": three}
    fitted, points = step("fit", measured=costs)
    assert not any(point.get("descriptions") for point in points), "they were kept"
    assert fitted["fits"]["power"]["reason"].startswith("3 networks are measured")
    one = fitted["fits"]["latency"]
    values = np.array([truth[name] for name in fitted["ids"]])
    others = np.array([name not in measured for name in fitted["ids"]])
    assert spearmanr(np.array(one["value"])[others], values[others])[0] > 0.8
    inside = (np.array(one["low"]) <= values) & (values <= np.array(one["high"]))
    assert inside[others].mean() >= 0.7
    validation = Validation.from_json(json.loads(json.dumps(one["validation"])))
    assert validation.count == 10
    assert validation.correlation is not None
    assert validation.inside_low <= validation.inside / 10 <= validation.inside_high
    inverse = fitted["fits"]["throughput"]
    np.testing.assert_allclose(inverse["value"], 1000 / np.array(one["value"]))
    np.testing.assert_allclose(inverse["low"], 1000 / np.array(one["high"]))
    bounded = np.maximum(one["low"], 0.3 * min(measured.values()))
    np.testing.assert_allclose(inverse["high"], 1000 / bounded)
    assert inverse["validation"]["inside"] == validation.inside
    assert inverse["validation"]["correlation"] == one["validation"]["correlation"]
    assert inverse["fitted"] == one["fitted"]
    again = FittedPredictor.from_json(json.loads(json.dumps(one["fitted"])))
    described = list(kept.values())
    new = again.predict(
        features_of(described, space, networks), modelled_costs(described, "latency")
    )
    np.testing.assert_allclose(new.value, one["value"], rtol=1e-6)
    np.testing.assert_allclose(new.high, one["high"], rtol=1e-6)


def test_named_networks_are_exported(step, networks, tmp_path):
    (one,) = step("measure", networks=[networks[5].id])[0]["subjects"]
    assert one["architecture_id"] == networks[5].id
    assert (tmp_path / one["onnx"]).stat().st_size == one["onnx_bytes"]


def test_a_bad_predictor_warns():
    prior = Prior(Inputs({}, ()), ())
    right, wrong = np.arange(1.0, 9.0), np.arange(8.0, 0.0, -1.0)
    few = validate(prior, LeftOut(right[:6], right[:6], np.ones(6)))
    assert few.warnings == ("only 6 networks are measured: measure at least 10",)
    bad = validate(prior, LeftOut(right, wrong, np.array([*[0.01] * 4, *[90.0] * 4])))
    assert any("rank correlation is -1.00" in text for text in bad.warnings)


def test_no_networks_are_refused(tmp_path):
    request = {"step": "fit", "architectures": []}
    with pytest.raises(EngineError, match="no run has a measured candidate"):
        run_step(request, lambda _: None, lambda: False)


def test_the_width_is_that_of_normal_errors_with_many_of_them():
    ratios = np.abs(np.random.default_rng(0).standard_normal(100_000))
    assert width_factor(ratios) == pytest.approx(1.645, abs=0.02)
    assert width_factor(2 * ratios) == pytest.approx(3.29, abs=0.04)
    assert width_factor(ratios[:10]) > width_factor(np.tile(ratios[:10], 100))


def test_the_width_of_ten_errors_is_that_of_students_t_and_ignores_networks_far_outside():
    # With t of 9 degrees of freedom: the quartile is 0.7027, the 95 % quantile 1.8331.
    typical = np.full(10, 0.7027)
    expected = 1.8331 * np.sqrt(10 / 9)
    assert width_factor(typical) == pytest.approx(expected, rel=1e-3)
    far = np.array([*typical[:8], 9.0, 30.0])
    assert width_factor(far) == pytest.approx(expected, rel=1e-3)
    # Errors of twice that size: the predictor's own scale counts as 20 networks.
    assert width_factor(2 * typical) == pytest.approx(expected * np.sqrt(60 / 30), rel=1e-3)
