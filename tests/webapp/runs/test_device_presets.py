"""Presets with costs on a device: they train to the end, with the tier that this machine has."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from nasengine.execution.loop import run as search
from nasengine.metering.energy.source import EnergySource, Window
from nasengine.objectives.device_costs import energy_windows
from tests.fixtures.factories import make_run
from webapp.runs.presets import DEVICE_PRESETS

FEW: dict[str, dict[str, Any]] = {
    "monas": {"warm_up": 2},
    "dpp-net": {"first": 2, "keep": 2, "epochs": 1},
}
SHALLOW = {"chain-condensenet": {"stages": [2, 3], "growths": [4, 8]}}
ON_GPU = [name for name in DEVICE_PRESETS if name.endswith("-gpu")]


class Counter(EnergySource):
    """A counter of a card that is never read: the test gives the windows."""

    name = "test counter"
    tier = "counter"

    def joules(self):
        raise AssertionError


def searched(name):
    """Search with a preset's settings: three candidates, one epoch, on the processor."""
    spec = DEVICE_PRESETS[name].spec
    small = {
        "candidates": 3,
        "in_flight": 1,
        "strategy_config": {**spec["strategy_config"], **FEW[spec["strategy"]]},
        "estimator_config": {"epochs": 1, "device": "cpu", "threads": 1},
        "dataset_config": {"limit": 100},
        "space_config": SHALLOW.get(spec["space"], {}),
    }
    result = search(assembly.check(SearchSpec(**{**spec, **small})))
    return [candidate.outcome for candidate in result.candidates]


@pytest.mark.parametrize("name", DEVICE_PRESETS)
def test_a_preset_trains_without_counter_and_its_costs_name_their_model(name, monkeypatch):
    monkeypatch.setattr(energy_windows, "_source", lambda runs_on: (None, "no counter"))
    outcomes = searched(name)
    done = [outcome for outcome in outcomes if outcome.state == "done"]
    assert len(done) == 3
    objectives = DEVICE_PRESETS[name].spec["objectives"]
    for outcome in done:
        assert set(outcome.values) == set(objectives)
        costs = [
            measurement for measurement in outcome.measurements if "@" in measurement.objective
        ]
        assert costs and all(one.value > 0 for one in costs)
        assert {one.method for one in costs} == {"modelled"}
        assert all(one.detail["why"] for one in costs)


@pytest.mark.parametrize("name", ["monas-energy", "monas-energy-gpu", "monas-accuracy-floor"])
def test_a_preset_takes_the_energy_counter_of_the_machine_that_runs_it(name, monkeypatch):
    window = Window(10.0, 5.0, 100)
    # No pass runs: this machine need not have the card.
    monkeypatch.setattr(energy_windows, "_source", lambda runs_on: (Counter(), ""))
    monkeypatch.setattr(energy_windows, "_idle_watts", lambda runs_on: 1.5)
    monkeypatch.setattr(energy_windows, "conditions", lambda device: {})
    monkeypatch.setattr(energy_windows, "forward_pass", lambda *_: nullcontext(lambda: None))
    monkeypatch.setattr(energy_windows, "measure_window", lambda source, run: window)
    energies = [
        measurement
        for outcome in searched(name)
        for measurement in outcome.measurements
        if measurement.objective.startswith("energy@")
    ]
    assert [(one.method, one.value) for one in energies] == [("counter", 100.0)] * 3


def test_networks_above_the_latency_bound_are_not_trained(monkeypatch):
    spec = DEVICE_PRESETS["dpp-net-latency-bound"].spec
    bound = "latency@jetson_tx1<1"  # below many cells of two layers
    monkeypatch.setitem(spec, "constraints", [bound])
    outcomes = searched("dpp-net-latency-bound")
    states = {outcome.state for outcome in outcomes}
    assert states == {"done", "pruned"}
    for outcome in outcomes:
        slow = outcome.values["latency@jetson_tx1"] >= 1
        assert (outcome.state == "pruned") == slow


@pytest.mark.django_db
@pytest.mark.parametrize("name", DEVICE_PRESETS)
def test_presets_of_cards_wait_in_the_queue_of_gpus_and_the_others_do_not(name):
    run = make_run(**DEVICE_PRESETS[name].spec)
    queue = "cuda" if name in ON_GPU else "cpu"
    assert set(run.candidates.values_list("queue", flat=True)) == {queue}
