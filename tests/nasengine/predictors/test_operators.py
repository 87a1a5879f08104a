"""Modelled devices: operators of a network, the costs by hand, and every packaged profile."""

from __future__ import annotations

import json

import numpy as np
import pytest
from torch import nn

import nasengine
from nasengine.core.errors import EngineError, UnknownName
from nasengine.predictors.operators import network_graph, operator_model, profile, profiles
from nasengine.predictors.operators.device_profile import (
    FOLDER,
    DeviceProfile,
    read_profile,
    write_profile,
)

FLOAT = 4
MAP = 8 * 8 * FLOAT  # bytes of one channel

ROUND = DeviceProfile.from_json(
    "round",
    {
        "summary": "A device with round numbers",
        "origin": "published",
        "provenance": {"rates": "made up"},
        "peak_gflops": 10.0,
        "peak_gb_s": 1.0,
        "start_us": 5.0,
        "pass_us": 100.0,
        "runtime_bytes": 1000,
        "memory_bytes": 10_000,
        "idle_watts": 1.0,
        "busy_watts": 5.0,
        "efficiency": {"conv": [0.5, 1.0], "other": [1.0, 0.5]},
    },
)


@pytest.fixture(scope="module")
def chain():
    """Convolution 2 -> 4 channels with normalisation and activation, then a pooling."""
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.AvgPool2d(8)
    )


@pytest.mark.parametrize("space", ["nb201", "dense-cell", "mobile-chain", "recurrent-cell"])
def test_multiply_accumulates_are_those_of_the_objective(space):
    space_class = nasengine.load_plugin("spaces", space)
    built = space_class(space_class.Config())
    shape = (1,) if space == "recurrent-cell" else (3, 16, 16)
    network = built.build(built.sample(np.random.default_rng(3)), shape, 10)
    macs = nasengine.load_plugin("objectives", "macs")().measure(network, shape, None).value
    graph = network_graph(network, shape)
    assert sum(operator.macs for operator in graph.operators) == macs
    twice = network_graph(network, shape, batch=2)
    assert sum(operator.macs for operator in twice.operators) == 2 * macs


def test_operators_of_a_chain(chain):
    graph = network_graph(chain, (2, 8, 8))
    assert [operator.kind for operator in graph.operators] == ["conv", "norm", "activation", "pool"]
    convolution = graph.operators[0]
    assert convolution.operations == 2 * convolution.macs == 2 * 4 * 64 * 2 * 9
    assert graph.traffic_bytes(convolution) == 2 * MAP + 4 * MAP + 2 * 4 * 9 * FLOAT
    assert chain.training, "tracing does not change the network"


def test_runtimes_fold_normalisation_and_activation_into_the_convolution(chain):
    fused = network_graph(chain, (2, 8, 8)).fused()
    assert [operator.kind for operator in fused.operators] == ["conv", "pool"]


def test_an_activation_whose_input_is_read_again_is_not_folded():
    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(2, 2, 1, bias=False)

        def forward(self, images):
            maps = self.conv(images)
            return maps + maps.relu()

    graph = network_graph(Residual(), (2, 8, 8))
    kinds = [operator.kind for operator in graph.fused().operators]
    assert kinds == ["conv-1x1", "activation", "elementwise"]
    # While the sum is written, the convolution's output and the activation live as well.
    assert graph.peak_live_bytes() == 3 * 2 * MAP


def test_operators_that_the_output_does_not_depend_on_are_left_out():
    class Unused(nn.Module):
        def forward(self, images):
            images.sigmoid().relu()
            return images.tanh()

    graph = network_graph(Unused(), (2, 8, 8))
    assert len(graph.operators) == 3
    assert len(graph.needed().operators) == len(graph.fused().operators) == 1


def test_latency_energy_and_memory_by_hand(chain):
    graph = network_graph(chain, (2, 8, 8))
    model = operator_model(ROUND)
    convolution = 5e-6 + max(9216 / 5e9, (6 * MAP + 288) / 1e9)
    pooling = 5e-6 + max(256 / 10e9, (4 * MAP + 4 * FLOAT) / 0.5e9)
    assert model.breakdown(graph) == pytest.approx({"conv": convolution, "pool": pooling})
    assert model.latency(graph) == pytest.approx(100e-6 + convolution + pooling)
    full_use = (6 * MAP + 288) / 1e9 + (4 * MAP + 4 * FLOAT) / 1e9
    assert model.energy(graph) == pytest.approx(1.0 * model.latency(graph) + 4.0 * full_use)
    assert 1.0 < model.power(graph) < 5.0
    assert model.memory(graph) == graph.weight_bytes + 6 * MAP + 1000
    assert model.fits(graph)


def test_every_packaged_profile_gives_costs_and_names_its_sources(chain):
    graph = network_graph(chain, (2, 8, 8))
    assert {"titan_x", "jetson_tx1", "cortex_a53_phone"} <= set(profiles())
    for name in profiles():
        model = operator_model(name)
        assert 0 < model.latency(graph) < 1
        assert model.profile.idle_watts <= model.power(graph) <= model.profile.busy_watts
        assert {"rates", "memory", "power", "efficiency"} <= set(model.profile.provenance)


def test_a_written_profile_reads_back_equal(tmp_path):
    write_profile(ROUND, tmp_path / "round.json")
    assert read_profile(tmp_path / "round.json") == ROUND


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"origin": "guessed"}, "'origin' is"),
        ({"speed": 3}, "'speed' is unknown"),
        ({"efficiency": {"conv": [0.5, 0.5]}}, "'efficiency' is"),
        ({"efficiency": {"other": [0.5, 1.5]}}, "'efficiency' is"),
        ({"batch": 0}, "'batch' is"),
        ({"busy_watts": None}, "'idle_watts' and busy_watts"),
    ],
)
def test_a_wrong_profile_is_refused_with_the_field(tmp_path, change, message):
    values = json.loads((FOLDER / "titan_x.json").read_text())
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps({**values, **change}))
    with pytest.raises(EngineError, match=message):
        read_profile(path)


def test_an_unknown_profile_is_named():
    with pytest.raises(UnknownName, match="'abacus' is not among the device profiles"):
        profile("abacus")
