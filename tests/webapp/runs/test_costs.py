"""Costs of candidates, the time a run worked, and the estimate of the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now
from django.template import Context, Template

from webapp.compare.comparison import comparison
from webapp.runs.cost import cost_text, seconds_left, worked_seconds
from webapp.runs.models import Candidate, Run, RunState
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run
from webapp.runs.services.control import pause, raise_budget, resume
from webapp.runs.services.outcomes import outcome_of
from workers.candidate_work import read_outcome

from ...fixtures.factories import done, make_run, make_slot, take, work_off

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def earlier(run: Run, **times: timedelta) -> None:
    """Move times of a run into the past."""
    Run.objects.filter(pk=run.pk).update(**{n: F(n) - by for n, by in times.items()})
    run.refresh_from_db()


def test_the_cost_of_a_candidate_is_stored_and_told_to_the_strategy():
    run = make_run(candidates=2)
    held = take(make_slot())
    cost = replace(done(0), epochs=2.5, seconds=12.25, gpu_seconds=11.0)
    assert claims.finish(held, read_outcome(0, cost.to_json()))
    candidate = Candidate.objects.get(run=run, number=0)
    assert (candidate.epochs, candidate.seconds, candidate.gpu_seconds) == (2.5, 12.25, 11.0)
    assert cost_text(candidate) == "2.5 epochs, 12.3 s, of these 11.0 s on a GPU"
    told = outcome_of(candidate)
    assert (told.epochs, told.seconds, told.gpu_seconds) == (2.5, 12.25, 11.0)


def test_a_cost_that_is_not_finite_is_left_out():
    run = make_run(candidates=2)
    assert claims.finish(take(make_slot()), replace(done(0), seconds=float("inf")))
    assert Candidate.objects.get(run=run, number=0).seconds is None


def test_a_rest_between_an_end_and_a_raised_budget_is_no_working_time():
    run = make_run(candidates=2)
    work_off(run)
    assert run.state == RunState.FINISHED
    earlier(run, started_at=6 * HOUR, ended_at=5 * HOUR, rested_at=5 * HOUR)
    assert worked_seconds(run) == pytest.approx(3600, abs=60)
    raise_budget(run, None, 4)
    assert worked_seconds(run) == pytest.approx(3600, abs=60), "the rest of 5 h does not count"
    assert run.rested_at is None
    advance_run(run.pk)
    work_off(run)
    assert run.state == RunState.FINISHED
    assert worked_seconds(run) == pytest.approx(3600, abs=60)
    assert comparison([run])["runs"][0]["seconds"] == pytest.approx(3600, abs=60)
    text = Template("{% load figures %}{% worked_time run %}").render(Context({"run": run}))
    assert "1 h 00 min" in text and "without 5 h 00 min in which the run rested" in text


def test_a_pause_is_no_working_time():
    run = make_run(candidates=4)
    pause(run, None)
    assert run.state == RunState.PAUSED
    earlier(run, started_at=3 * HOUR, rested_at=2 * HOUR)
    assert worked_seconds(run) == pytest.approx(3600, abs=60)
    resume(run, None)
    assert worked_seconds(run) == pytest.approx(3600, abs=60)


def busy_run(told: int, budget: int, worked: timedelta, ended: timedelta) -> Run:
    """Return a run of which `told` candidates ended together, `ended` ago."""
    run = make_run(candidates=budget, in_flight=2)
    first = run.candidates.get(number=0)
    proposal, key = first.proposal, first.architecture_id
    run.candidates.all().delete()
    Candidate.objects.bulk_create(
        Candidate(run=run, number=n, proposal=proposal, architecture_id=key, state="done",
                  ended_order=n, told=True)
        for n in range(told)
    )  # fmt: skip
    run.candidates.update(ended_at=Now() - ended)
    Run.objects.filter(pk=run.pk).update(told=told, asked=told, started_at=Now() - worked)
    run.refresh_from_db()
    return run


def test_many_candidates_that_end_at_one_moment_do_not_leave_0_seconds():
    run = busy_run(203, 10_000, worked=timedelta(seconds=2030), ended=timedelta(seconds=10))
    each = 2030 * 0.2 / 203  # all of them ended in the last fifth of the time
    assert seconds_left(run) == pytest.approx(9_797 * each, rel=0.05)


def test_without_a_recent_end_the_pace_of_the_whole_run_counts():
    run = busy_run(100, 200, worked=timedelta(seconds=1000), ended=timedelta(seconds=900))
    assert seconds_left(run) == pytest.approx(1000, rel=0.05)
    Run.objects.filter(pk=run.pk).update(state="paused")
    run.refresh_from_db()
    assert seconds_left(run) is None
