"""A calibration run: the fitted profile gives the latencies of the device that was measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import nasengine
from nasengine.core.errors import EngineError
from nasengine.predictors.operators import network_graph, operator_model, profile
from nasengine.predictors.operators.calibration import calibration_networks, fit_profile
from nasengine.predictors.operators.device_profile import read_profile, write_profile

SOURCE = {"device": "my board", "date": "2026-11-27", "runtime": "onnxruntime 1.32"}


@pytest.fixture(scope="module")
def graphs():
    return [
        network_graph(network.module, network.input_shape) for network in calibration_networks()
    ]


@pytest.fixture(scope="module")
def networks():
    """Graphs of networks that the fit does not see."""
    space_class = nasengine.load_plugin("spaces", "nb201")
    space = space_class(space_class.Config(cells=1))
    rng = np.random.default_rng(0)
    built = [space.build(space.sample(rng), (3, 32, 32), 10) for _ in range(4)]
    return [network_graph(network, (3, 32, 32)) for network in built]


def fitted(graphs, device, noise, seed=0):
    times = np.array([operator_model(device).latency(graph) for graph in graphs])
    times *= np.exp(noise * np.random.default_rng(seed).standard_normal(len(times)))
    return fit_profile("mine", graphs, times, **SOURCE)


def errors(model, device, networks):
    latencies = [operator_model(model).latency(graph) for graph in networks]
    truth = [operator_model(device).latency(graph) for graph in networks]
    return np.abs(np.array(latencies) / np.array(truth) - 1)


@pytest.mark.parametrize(("noise", "bound"), [(0.0, 0.02), (0.03, 0.1)])
def test_the_fitted_profile_predicts_other_networks(graphs, networks, noise, bound):
    device = replace(profile("raspberry_pi_5"), adds=True)
    assert errors(fitted(graphs, device, noise), device, networks).max() < bound


def test_a_roofline_is_approximated(graphs, networks):
    device = profile("jetson_tx1")
    assert errors(fitted(graphs, device, 0.0), device, networks).max() < 0.15


def test_a_fitted_profile_names_its_source_and_reads_back_equal(graphs, tmp_path):
    mine = fitted(graphs, profile("titan_x"), 0.02)
    assert mine.provenance["costs"] == "fitted on 2026-11-27 on my board with onnxruntime 1.32"
    assert 0 < mine.detail["median_relative_error"] < 0.05
    write_profile(mine, tmp_path / "mine.json")
    assert read_profile(tmp_path / "mine.json") == mine


def test_every_kind_of_operator_is_measured_alone_and_repeated(graphs):
    kinds = [set(graph.counts()) for graph in graphs]
    assert all(len(kind) <= 2 for kind in kinds)
    assert set().union(*kinds) >= {"conv", "conv-1x1", "conv-depthwise", "pool", "linear", "copy"}


def test_times_that_cannot_be_fitted_are_refused(graphs):
    with pytest.raises(EngineError, match="as many times"):
        fit_profile("mine", graphs, [1.0], **SOURCE)
    with pytest.raises(EngineError, match="too few"):
        fit_profile("mine", graphs[:40:4], [1.0] * 10, **SOURCE)
