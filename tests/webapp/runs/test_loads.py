"""Load of workers and printed lines of trainings: stored within bounds, shown on the run page."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from django.test import Client
from django.urls import reverse

from tests.fixtures.factories import make_run, make_slot, take
from webapp.runs.log_lines import log_lines
from webapp.runs.models import RunLoad
from webapp.runs.services import claims
from webapp.runs.services.loads import MAX_SAMPLES, Sample, record_load
from workers.load import ProcessLoad
from workers.output import FULL, MAX_LINES, Output

pytestmark = pytest.mark.django_db


def test_samples_are_thinned_and_drawn_by_worker(team, researcher):
    run = make_run(team)
    take(make_slot())
    start = run.candidates.get(number=0).started_at.timestamp()
    assert record_load(run.pk, "a", Sample(50.0, 10**8), start + 1) == 5
    assert record_load(run.pk, "a", Sample(90.0, 10**8), start + 3) == 5  # too early
    record_load(run.pk, "a", Sample(150.0, 2 * 10**8), start + 6)
    record_load(run.pk, "b", Sample(10.0, 10**7, 80.0, 3e9, 250.0), start + 6)
    page = Client()
    page.force_login(researcher)
    drawn = page.get(reverse("run-loads", args=[run.pk])).json()
    first, second = drawn["workers"]
    assert (first["name"], first["seconds"], first["cpu_percent"]) == ("a", [1, 6], [50, 150])
    assert first["gpu_percent"] == [None, None]
    assert (second["gpu_watts"], drawn["left_out"]) == ([250.0], 0)
    RunLoad.objects.filter(worker="a").update(
        samples=[[start, 1, 1, None, None, None]] * MAX_SAMPLES
    )
    assert record_load(run.pk, "a", Sample(1.0, 1), start + 9999) == 10
    assert len(RunLoad.objects.get(worker="a").samples) == (MAX_SAMPLES + 2) // 2
    assert record_load(run.pk + 999, "a", Sample(1.0, 1)) == 5  # the run was deleted


def test_the_load_of_a_process_is_that_of_its_children_and_cards():
    load = ProcessLoad()
    load.sample(os.getpid(), [])
    sum(range(10**6))
    sample = load.sample(os.getpid(), [{"load": 0.5, "memory_used": 7, "power_w": None}])
    assert sample.memory_bytes > 10**7
    assert (sample.gpu_percent, sample.gpu_memory_bytes, sample.gpu_watts) == (50, 7, None)
    assert load.sample(2**22 + 1, []) is None


def test_printed_lines_reach_the_log_of_their_candidate_and_are_bounded(team, monkeypatch):
    output = Output()
    output.add("printed between two trainings")
    output.begin()
    for i in range(MAX_LINES + 50):
        output.add(f"line {i}\n")
    output.add("  \n")
    lines = output.take()
    assert len(lines) == MAX_LINES + 1
    assert lines[-1] == FULL
    output.begin()
    output.add("a\0b")
    assert output.take() == ["a\0b"]
    output.add("soon after")
    monkeypatch.setattr("workers.output.time", SimpleNamespace(monotonic=lambda: output._taken_at))
    assert output.take() == []
    assert output.take(at_once=True) == ["soon after"]
    run = make_run(team)
    held = take(make_slot())
    claims.record_output(held, ["loss is 2.3", "second"])
    shown = log_lines(run, number=0)["lines"]
    assert [line["text"] for line in shown][-2:] == ["loss is 2.3", "second"]
    claims.release_claim(held)
    claims.record_output(held, ["too late"])
    assert "too late" not in str(log_lines(run))


def test_curves_of_any_candidates_are_read_by_number(team, researcher):
    run = make_run(team)
    held = take(make_slot())
    claims.report(held, {"epoch": 1, "epochs": 1, "valid_error": 44.0})
    page = Client()
    page.force_login(researcher)
    address = reverse("run-curves", args=[run.pk])
    assert page.get(address, {"numbers": "#0, 7,x"}).json()["curves"]["0"][0]["valid_error"] == 44
    assert page.get(address).json() == {"curves": {}}
