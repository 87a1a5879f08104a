"""Limits of hours, GPU hours and energy: they end a run, and pages, API and form know them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from nasengine.core.errors import InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import loop
from nasengine.metering.energy.spent import energy_of
from tests.fixtures.api import Caller
from tests.fixtures.factories import done, make_run, make_slot, take, work_off
from webapp.runs.forms import LaunchForm, raw_of
from webapp.runs.models import Candidate, Run, RunState, WorkerSlot
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run
from webapp.runs.services.control import ControlRefused, raise_budget
from webapp.runs.services.sweep import runs_to_advance
from webapp.runs.setting_text import read_yaml, yaml_of
from webapp.usage.models import Usage
from webapp.usage.services.costs import cost_of, cost_of_run
from webapp.usage.services.limits import limits_of

pytestmark = pytest.mark.django_db


def longer_ago(rows, hours: float) -> None:
    rows.update(started_at=F("started_at") - timedelta(hours=hours))


def test_energy_ends_a_run_when_its_running_candidates_have_finished(team, researcher):
    run = make_run(team, candidates=9, in_flight=3, max_kwh=0.01, max_gpu_hours=5)
    slot = make_slot()
    first, second = take(slot), take(slot)
    assert [limit.used for limit in limits_of(run, None)] == [0, pytest.approx(0, abs=1e-4)]
    longer_ago(Candidate.objects.filter(number=0), 8)
    (_, energy) = limits_of(run, None)  # a candidate in training counts until now
    assert energy.is_reached and energy.tier == "modelled" and energy.unit == "kWh"
    claims.finish(first, done(0))
    assert run.pk in runs_to_advance()
    advance_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.asked) == (RunState.RUNNING, 3)
    assert run.candidates.get(number=2).state == "cancelled"
    assert claims.claim(slot, slot.queues) is None
    claims.finish(second, done(1))
    advance_run(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.FINISHED
    assert run.reason.startswith("the limit of 0.01 kWh is used up (0.")
    assert run.reason.endswith("used, modelled) after 2 of 9 candidates")
    row = Caller(researcher).get(f"/runs/{run.pk}").json()
    assert [limit["name"] for limit in row["limits"]] == ["max_gpu_hours", "max_kwh"]
    assert row["limits"][1]["used"] > row["limits"][1]["limit"] == 0.01
    browser = Client()
    browser.force_login(researcher)
    page = browser.get(reverse("run-detail", args=[run.pk])).content.decode()
    assert 'data-testid="limit-max_kwh"' in page
    assert 'data-testid="hypervolume-rate"' in page
    with pytest.raises(ControlRefused, match=r"at least 0\.01, or 0 for no limit"):
        raise_budget(run, None, 9, {"max_kwh": 0.001})
    with pytest.raises(ControlRefused, match="has no limit max_hours"):
        raise_budget(run, None, 9, {"max_hours": 3})
    budget = {"candidates": "9", "max_kwh": "0", "max_gpu_hours": "5"}
    browser.post(reverse("run-control", args=[run.pk, "raise_budget"]), budget)
    run.refresh_from_db()
    assert (run.state, run.spec["max_kwh"], run.candidate_budget) == (RunState.RUNNING, 0, 9)
    advance_run(run.pk)
    work_off(run)
    assert (run.told, run.reason) == (9, "")


def test_the_counter_of_the_card_replaces_the_model(team):
    run = make_run(team, candidates=2, max_kwh=1)
    slot = make_slot()
    for joules in (1.8e6, None):
        held = take(slot)
        longer_ago(Candidate.objects.filter(state="running"), 1)
        outcome = replace(done(held.number), gpu_seconds=3600.0, joules=joules)
        claims.finish(held, outcome)
        advance_run(run.pk)
    first, second = Usage.objects.order_by("pk")
    assert (first.joules, second.joules, first.is_gpu) == (1.8e6, None, True)
    cost = cost_of_run(run.pk)
    assert cost.counted_kwh == 0.5
    assert cost.kwh == pytest.approx(0.5 + 0.3, abs=0.01)  # a card without a profile: 300 W
    assert cost.energy_tier == limits_of(run, None)[0].tier == "counter and modelled"
    assert cost_of(Usage.objects.filter(pk=first.pk)).energy_tier == "counter"


class Counter:
    """An energy counter with given readings; it fails when they are used up."""

    def __init__(self, *readings: float):
        self._readings = list(readings)

    def joules(self) -> float:
        return self._readings.pop(0)


@pytest.mark.parametrize(
    ("source", "joules"),
    [(Counter(5.0, 9.0), 4.0), (Counter(9.0, 5.0), None), (Counter(5.0), None), (None, None)],
)
def test_energy_of_a_block_is_the_difference_of_the_counter(source, joules):
    with pytest.raises(KeyError), energy_of(source) as spent:
        raise KeyError
    assert spent.joules == joules


def test_gpu_hours_count_work_on_cards_only(team):
    run = make_run(team, max_gpu_hours=1.5)
    Candidate.objects.update(queue="cuda")
    slot = make_slot(queues=("cuda",))
    WorkerSlot.objects.update(facts={"cards": [{"name": "NVIDIA H100 80GB"}], "threads": 8})
    take(slot)
    longer_ago(Candidate.objects, 2)
    (limit,) = limits_of(run, None)
    assert (round(limit.used, 2), limit.tier) == (2.0, "measured")


def test_hours_end_a_run_without_any_event(team):
    run = make_run(team, max_hours=2)
    longer_ago(Run.objects, 3)
    assert run.pk in runs_to_advance()
    advance_run(run.pk)
    advance_run(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.FINISHED
    assert run.reason.startswith("the limit of 2 hours is used up (3 used, measured) after 0 of 4")


def test_limits_are_settings_of_the_form_and_its_text_and_older_searches_have_none(team):
    spec = SearchSpec(strategy="random", max_hours=1.5, max_kwh=2)
    form = LaunchForm.from_spec(spec.to_json(), "a run")
    text = yaml_of(form)
    assert "max_hours: 1.5" in text and "max_kwh: 2" in text and "max_gpu_hours" not in text
    checked = LaunchForm(read_yaml(text).raw, team).check()
    assert (checked.max_hours, checked.max_gpu_hours, checked.max_kwh) == (1.5, 0, 2)
    wrong = LaunchForm({**raw_of(spec.to_json(), "a"), "max_hours": "-1"}, team)
    assert wrong.check() is None
    assert "max_hours" in wrong.budget.messages()
    assert not {"max_hours", "max_gpu_hours", "max_kwh"} & SearchSpec().to_json().keys()
    assert SearchSpec.from_json(spec.to_json()) == spec


def test_a_search_of_this_process_refuses_limits_that_it_does_not_keep():
    with pytest.raises(InvalidSettings, match="kept by the workbench"):
        loop.run(SearchSpec(strategy="random", max_hours=1), print)
