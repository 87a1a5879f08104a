"""Costs on devices: tiers, peak memory by hand, windows of energy, and searches with them."""

from __future__ import annotations

import pytest
import torch

import nasengine
from nasengine.core.errors import EngineError
from nasengine.metering.energy.source import EnergySource, Window
from nasengine.objectives.device_costs import energy_windows
from nasengine.objectives.energy import Energy
from nasengine.objectives.memory import Memory
from nasengine.objectives.power import Power
from nasengine.objectives.throughput import Throughput

FLOAT = 4


class Counter(EnergySource):
    """A counter that is never read: the test gives the windows."""

    name = "test counter"
    tier = "counter"

    def joules(self):
        raise AssertionError


@pytest.fixture
def counter(monkeypatch):
    windows = iter([Window(10.0, 5.0, 100), Window(12.0, 5.0, 100), Window(30.0, 6.0, 100)])
    monkeypatch.setattr(energy_windows, "_source", lambda runs_on: (Counter(), ""))
    monkeypatch.setattr(energy_windows, "_idle_watts", lambda runs_on: 1.5)
    monkeypatch.setattr(energy_windows, "measure_window", lambda source, run: next(windows))


@pytest.fixture
def no_counter(monkeypatch):
    monkeypatch.setattr(energy_windows, "_source", lambda runs_on: (None, "no RAPL counters"))


def test_energy_is_that_of_one_input_and_says_tier_and_idle_power(counter):
    found = Energy().measure(torch.nn.Flatten(), (1, 2, 2), "cpu")
    assert (found.value, found.unit, found.method) == (120.0, "mJ", "counter")
    assert (found.repetitions, found.spread) == (3, 50.0)
    detail = found.detail
    assert (detail["source"], detail["idle_watts"]) == ("test counter", 1.5)
    assert (detail["idle_taken_off"], detail["passes"]) == (False, 300)


def test_power_is_the_energy_of_a_window_over_its_time(counter):
    found = Power().measure(torch.nn.Flatten(), (1, 2, 2), "cpu")
    assert (found.value, found.unit, found.method) == (2.4, "W", "counter")


def test_without_a_counter_energy_is_modelled_and_says_why(no_counter):
    found = Energy().measure(torch.nn.Conv2d(1, 2, 3), (1, 8, 8), "cpu")
    assert found.method == "modelled"
    assert found.detail["why"] == "no RAPL counters"
    assert found.detail["profile"] == "xeon_server"
    assert found.value > 0


def test_memory_of_a_chain_by_hand():
    network = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, padding=1, bias=False), torch.nn.Conv2d(4, 2, 1, bias=False)
    )
    found = Memory().measure(network, (1, 8, 8), "cpu")
    weights = 4 * 9 + 2 * 4
    both = 4 * 64 + 2 * 64  # input and output of the second convolution are the largest pair
    assert found.value == FLOAT * (weights + both)
    assert (found.unit, found.method) == ("B", "modelled")
    assert "only on CUDA" in found.detail["why"]


def test_throughput_is_better_when_it_is_higher():
    assert Throughput.better == "higher"
    found = Throughput().measure(torch.nn.Conv2d(1, 2, 3), (1, 8, 8), "cpu")
    assert (found.unit, found.method) == ("inputs/s", "measured")
    assert found.detail["low"] <= found.value <= found.detail["high"]


@pytest.mark.parametrize("cost", [Energy, Memory, Power, Throughput])
def test_devices_with_a_profile_are_modelled(cost):
    found = cost().measure(torch.nn.Conv2d(1, 2, 3), (1, 8, 8), "jetson_tx1")
    assert (found.device, found.method) == ("jetson_tx1", "modelled")
    assert found.objective == f"{cost.kind}@jetson_tx1"
    assert found.value > 0


def test_a_device_without_the_cost_is_refused():
    with pytest.raises(EngineError, match="energy@mps does not exist: mps has latency"):
        Energy().measure(torch.nn.Flatten(), (1, 8, 8), "mps")


@pytest.mark.parametrize(
    ("space", "strategy", "objective"),
    [
        ("chain-alexnet", "monas", "energy@cpu"),
        ("chain-condensenet", "monas", "energy@cpu"),
        ("dense-cell", "dpp-net", "memory@cpu"),
        ("dense-cell", "dpp-net", "memory@titan_x"),
    ],
)
def test_monas_and_dpp_net_search_with_costs_on_a_device(no_counter, space, strategy, objective):
    result = nasengine.search(
        space=space,
        strategy=strategy,
        strategy_config={"warm_up": 2} if strategy == "monas" else {"first": 2, "keep": 2},
        estimator=lambda architecture: 50.0,
        objectives=["error", objective],
        candidates=3,
        progress=False,
    )
    for candidate in result.candidates:
        (cost,) = [m for m in candidate.outcome.measurements if m.objective == objective]
        assert cost.value > 0
        assert (cost.method, bool(cost.detail["why"])) == ("modelled", True)
