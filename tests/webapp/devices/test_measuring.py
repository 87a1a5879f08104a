"""Measurements as work of agents: one claim at a time, nothing lost, nothing doubled."""

from __future__ import annotations

import os
import time
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from nasengine.core.storage import storage_at
from tests.fixtures.devices import make_device, result, subject
from webapp.common.folders import ABANDONED_SECONDS
from webapp.devices.models import Measurement
from webapp.devices.services import measuring
from webapp.devices.services.networks import sweep_device_networks

pytestmark = pytest.mark.django_db


@pytest.fixture
def device(team):
    return make_device(team, "pi4")


def expire(measurement):
    late = Now() - timedelta(seconds=1)
    Measurement.objects.filter(pk=measurement.pk).update(lease_until=late)


def test_the_oldest_measurement_of_the_own_device_is_claimed_once(device, team):
    measuring.request(make_device(team, "other"), subject("c"), "latency")
    first = measuring.request(device, subject("a"), "latency")
    second = measuring.request(device, subject("b"), "latency")
    claimed = [measuring.claim(device) for _ in range(3)]
    assert claimed == [first, second, None]
    assert [one.fence for one in claimed[:2]] == [1, 1]


def test_a_network_is_measured_once_a_batch_and_objective(device):
    first = measuring.request(device, subject(), "latency")
    assert measuring.request(device, subject(), "latency") == first
    assert measuring.request(device, subject(), "latency", batch=8) != first
    assert measuring.request(device, subject(), "energy") != first
    held = measuring.claim(device)
    assert measuring.finish(held, held.fence, result()) == "accepted"
    assert measuring.request(device, subject(), "latency") == first
    assert measuring.request_again(device, subject(), "latency") != first


def test_two_open_measurements_of_the_same_are_refused_by_the_database(device):
    row = measuring.request(device, subject(), "latency")
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_an_answer_that_is_sent_twice_counts_once(device):
    measuring.request(device, subject(), "latency")
    held = measuring.claim(device)
    assert measuring.finish(held, held.fence, result(2.0)) == "accepted"
    assert measuring.finish(held, held.fence, result(9.0)) == "repeated"
    held.refresh_from_db()
    assert (held.state, held.value, held.repetitions) == ("done", 2.0, 3)


def test_the_answer_of_an_agent_that_was_replaced_is_refused(device):
    measuring.request(device, subject(), "latency")
    lost = measuring.claim(device)
    expire(lost)
    assert measuring.reap() == []
    held = measuring.claim(device)
    assert (held.pk, held.fence) == (lost.pk, lost.fence + 1)
    assert not measuring.extend(lost, lost.fence)
    assert measuring.finish(lost, lost.fence, result(9.0)) == "refused"
    assert measuring.extend(held, held.fence)
    assert measuring.finish(held, held.fence, result(2.0)) == "accepted"
    assert measuring.finish(lost, lost.fence, result(9.0)) == "refused"
    held.refresh_from_db()
    assert held.value == 2.0


def test_a_measurement_fails_after_its_agent_was_lost_too_often(device, settings):
    settings.MAX_ATTEMPTS = 2
    measuring.request(device, subject(), "latency")
    for _ in range(2):
        held = measuring.claim(device)
        expire(held)
        failed = measuring.reap()
    assert failed == [held]
    held.refresh_from_db()
    assert held.state == "failed"
    assert held.reason == "the agent of pi4 was lost 2 times while measuring it"


def test_a_released_claim_is_no_attempt(device):
    measuring.request(device, subject(), "latency")
    held = measuring.claim(device)
    assert measuring.release(held, held.fence)
    again = measuring.claim(device)
    assert (again.pk, again.attempts, again.fence) == (held.pk, 1, 2)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_not_finite_fails(device, value):
    measuring.request(device, subject(), "latency")
    held = measuring.claim(device)
    assert measuring.finish(held, held.fence, result(value)) == "accepted"
    held.refresh_from_db()
    assert (held.state, held.value) == ("failed", None)
    with pytest.raises(IntegrityError), transaction.atomic():
        Measurement.objects.filter(pk=held.pk).update(state="done")


def test_a_cancelled_measurement_takes_no_answer(device):
    row = measuring.request(device, subject(), "latency")
    held = measuring.claim(device)
    assert measuring.cancel(Measurement.objects.filter(pk=row.pk), "the run was cancelled") == 1
    assert measuring.finish(held, held.fence, result()) == "refused"


def test_files_are_deleted_a_week_after_the_last_measurement_that_needs_them(
    device, settings, tmp_path
):
    settings.PARETOSCOPE_DEVICE_NETWORKS = tmp_path
    waiting = measuring.request(device, subject("b"), "latency")
    needed = waiting.onnx.partition("/")[0]
    week = time.time() - ABANDONED_SECONDS - 60
    for name in (needed, "old", "new"):
        storage_at(tmp_path).within(name).put("network.onnx", b"...")
        if name != "new":
            os.utime(tmp_path / name / "network.onnx", (week, week))
            os.utime(tmp_path / name, (week, week))
    assert sweep_device_networks() == 1
    assert sorted(storage_at(tmp_path).places()) == sorted([needed, "new"])
    held = measuring.claim(device)
    measuring.finish(held, held.fence, result())
    assert sweep_device_networks() == 1
    assert storage_at(tmp_path).places() == ["new"]
