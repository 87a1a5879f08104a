"""Candidates that wait for devices: the run goes on, and every value says where it is from."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now

from nasengine.core.errors import InvalidSettings
from nasengine.core.measurement import Measurement as Measured
from nasengine.core.outcome import Outcome
from nasengine.core.search_spec import SearchSpec
from tests.fixtures.devices import make_device, result, subject
from tests.fixtures.factories import make_run, make_slot, take
from tests.fixtures.predictors import fitted_predictor, flat_description
from webapp.devices.models import Device, Measurement
from webapp.devices.services import measuring
from webapp.runs.models import DeviceWait
from webapp.runs.services import claims, device_waits
from webapp.runs.services.advance import advance_run
from webapp.runs.services.control import cancel
from webapp.runs.services.launch import launch

pytestmark = pytest.mark.django_db


def prepared(key, *objectives):
    modelled = {
        name: Measured(name, 7.0, "ms", device="pi4", method="modelled", detail={"why": "-"})
        for name in objectives
    }
    return {
        "subject": {**vars(subject(key)), "input_shape": [1, 8, 8]},
        "modelled": {name: measured.to_json() for name, measured in modelled.items()},
    }


def train(run, slot, key, *objectives):
    """Finish the next candidate as a worker does; its devices have not measured it."""
    held = take(slot)
    measured = (Measured("error", 20.0, "%"),)
    awaited = {name: run.spec["devices"]["pi4"] for name in run.spec["objectives"][1:]}
    outcome = Outcome(held.number, "done", measured, epochs=2, seconds=3.0, awaited=awaited)
    assert claims.finish(held, outcome, prepared(key, *objectives))
    advance_run(run.pk)
    return run.candidates.get(number=held.number)


def measure(device, **columns):
    held = measuring.claim(device)
    assert held is not None
    measuring.finish(held, held.fence, result(**columns))
    device_waits.settle_measurement(held)
    return held


@pytest.fixture
def device(team):
    return make_device(team, "pi4", last_seen=Now())


@pytest.fixture
def run(team, device):
    return make_run(
        team, objectives=("error", "latency@pi4"), in_flight=2, candidates=3, deterministic=False
    )


def test_a_run_names_devices_of_its_team_only(team, other_team, device):
    spec = SearchSpec(space="nb201", strategy="random", objectives=("error", "latency@pi4"))
    assert launch(team, None, spec, "mine").spec["devices"] == {"pi4": {"batch": 1, "profile": ""}}
    with pytest.raises(InvalidSettings, match="pi4"):
        launch(other_team, None, spec, "theirs")


def test_a_trained_candidate_waits_without_a_worker_and_the_run_goes_on(run, device):
    slot = make_slot()
    first = train(run, slot, "a")
    assert (first.state, first.queue, first.lease_until) == ("queued", "device:pi4", None)
    assert (first.epochs, first.seconds) == (2, 3.0)
    second = train(run, slot, "b")
    assert claims.claim(slot, slot.queues) is None, "two are in flight"
    measure(device)
    advance_run(run.pk)
    first.refresh_from_db()
    assert first.state == "done"
    value = first.measurements.get(objective="latency@pi4")
    assert (value.value, value.unit, value.device, value.method) == (2.0, "ms", "pi4", "measured")
    assert (value.repetitions, value.spread) == (3, 0.05)
    assert value.detail["runtime"] == "onnxruntime 1.32.0"
    assert run.candidates.count() == 3
    second.refresh_from_db()
    assert second.state == "queued"
    assert DeviceWait.objects.get().candidate == second


def test_a_network_that_was_measured_before_needs_no_device(run, device):
    slot = make_slot()
    train(run, slot, "a")
    measure(device)
    again = train(run, slot, "a")
    assert again.state == "done"
    assert Measurement.objects.count() == 1


def test_an_answer_to_a_candidate_that_was_cancelled_changes_nothing(run, device):
    candidate = train(run, make_slot(), "a")
    held = measuring.claim(device)
    cancel(run, None)
    candidate.refresh_from_db()
    assert candidate.state == "cancelled"
    assert measuring.finish(held, held.fence, result()) == "refused"
    device_waits.sweep()
    assert not DeviceWait.objects.exists()
    assert not candidate.measurements.exists()


def test_while_a_device_is_away_candidates_wait_or_are_modelled(run, device):
    candidate = train(run, make_slot(), "a", "latency@pi4")
    Device.objects.update(last_seen="2026-01-01T00:00Z")
    device_waits.sweep()
    candidate.refresh_from_db()
    assert candidate.state == "queued"
    Device.objects.update(when_away="model")
    device_waits.sweep()
    candidate.refresh_from_db()
    assert candidate.state == "done"
    value = candidate.measurements.get(objective="latency@pi4")
    assert (value.value, value.method) == (7.0, "modelled")
    assert value.detail["why"] == "the device pi4 is away"


def test_an_away_device_with_a_predictor_gives_the_predicted_value(team):
    device = make_device(team, "pi4", last_seen=Now(), when_away="model")
    past = make_run(team, advance=False, objectives=("error", "params"))
    predictor = fitted_predictor(device, past)
    Device.objects.update(last_seen="2026-01-01T00:00Z")
    run = make_run(team, objectives=("error", "latency@pi4"), candidates=1)
    held = take(make_slot())
    awaited = {"latency@pi4": run.spec["devices"]["pi4"]}
    outcome = Outcome(held.number, "done", (Measured("error", 20.0, "%"),), awaited=awaited)
    known = {**prepared("a", "latency@pi4"), "description": flat_description()}
    known["subject"]["architecture"] = held.proposal["architecture"]
    claims.finish(held, outcome, known)
    advance_run(run.pk)
    value = run.candidates.get(number=held.number).measurements.get(objective="latency@pi4")
    assert (value.method, value.device, value.unit) == ("predicted", "pi4", "ms")
    assert value.value != 7.0, "that of the operator model"
    assert value.detail["low"] < value.value < value.detail["high"]
    assert (value.detail["why"], value.detail["fit"]) == ("the device pi4 is away", 1)
    assert predictor.fits.get().networks == 14


def test_energy_that_the_device_cannot_measure_is_modelled_and_says_why(team, device):
    run = make_run(team, objectives=("error", "energy@pi4", "latency@pi4"), candidates=1)
    candidate = train(run, make_slot(), "a", "energy@pi4", "latency@pi4")
    for _ in range(2):
        held = measuring.claim(device)
        if held.objective == "energy":
            measuring.fail(held, held.fence, "this device has no energy source")
        else:
            measuring.finish(held, held.fence, result())
        device_waits.settle_measurement(held)
    candidate.refresh_from_db()
    assert candidate.state == "done"
    energy = candidate.measurements.get(objective="energy@pi4")
    assert (energy.method, energy.detail["why"]) == ("modelled", "this device has no energy source")
    assert candidate.measurements.get(objective="latency@pi4").method == "measured"


def test_a_network_that_the_device_cannot_run_fails_the_candidate(run, device):
    candidate = train(run, make_slot(), "a", "latency@pi4")
    held = measuring.claim(device)
    measuring.fail(held, held.fence, "onnxruntime cannot load the network")
    device_waits.settle_measurement(held)
    candidate.refresh_from_db()
    assert candidate.state == "failed"
    assert candidate.reason == "latency@pi4: onnxruntime cannot load the network"
