"""Retry of a failed candidate: a new one of the same architecture, with its own outcome."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from nasengine.core.outcome import Outcome
from tests.fixtures.api import Caller
from tests.fixtures.factories import done, make_member, make_run, make_slot, make_team, take
from tests.fixtures.factories import work_off as finish_all
from webapp.accounts.models import Role
from webapp.runs.models import RunState
from webapp.runs.queries import row_of_run
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run
from webapp.runs.services.control import ControlRefused, cancel
from webapp.runs.services.retries import retry, retry_failed

pytestmark = pytest.mark.django_db


def end(run, state="failed", number=None):
    """End the next candidate; return its number."""
    held = take(make_slot())
    outcome = done(held.number) if state == "done" else Outcome(held.number, state, reason="bad")
    claims.finish(held, outcome)
    advance_run(run.pk)
    run.refresh_from_db()
    return held.number


@pytest.mark.parametrize("strategy", ["nsga2", "local-search"])
def test_a_retry_is_a_new_candidate_that_counts_in_place_of_the_failed_one(strategy):
    run = make_run(strategy=strategy, candidates=3)
    assert [end(run), end(run, "done"), end(run, "diverged")] == [0, 1, 2]
    assert (run.state, run.budget_used) == (RunState.FINISHED, 3)
    with pytest.raises(ControlRefused, match="candidate 1 is done; only a failed"):
        retry(run, 1, None)
    with pytest.raises(ControlRefused, match="has no candidate 9"):
        retry(run, 9, None)
    retry_failed(run, None)
    assert (run.state, run.retries_waiting) == (RunState.RUNNING, [0, 2])
    with pytest.raises(ControlRefused, match="was retried already"):
        retry(run, 0, None)
    advance_run(run.pk)
    assert [end(run, "done"), end(run)] == [3, 4]
    rows = list(run.candidates.order_by("number"))
    assert [row.retry_of for row in rows] == [None, None, None, 0, 2]
    assert [row.state for row in rows] == ["failed", "done", "diverged", "done", "failed"]
    assert rows[3].architecture_id == rows[0].architecture_id
    assert rows[0].reason == "bad"
    assert (run.state, run.asked, run.told) == (RunState.FINISHED, 5, 5)
    assert run.budget_used == row_of_run(run)["evaluated"] == 3
    assert run.best in (1, 3)
    retry(run, 4, None)  # the retry that failed can be retried, its original cannot
    advance_run(run.pk)
    finish_all(run)
    assert run.candidates.get(number=5).retry_of == 4
    assert (run.state, run.budget_used) == (RunState.FINISHED, 3)


def test_a_retry_waits_for_a_place_and_comes_before_new_proposals():
    run = make_run(candidates=5, in_flight=2)
    end(run)
    retry(run, 0, None)
    advance_run(run.pk)
    assert run.candidates.count() == 3  # two are in flight
    end(run, "done")
    assert run.candidates.get(number=3).retry_of == 0
    finish_all(run)
    assert (run.asked, run.budget_used) == (6, 5)


def test_a_run_that_is_over_takes_no_retry_and_forgets_those_that_wait():
    run = make_run(candidates=5)
    end(run)
    retry(run, 0, None)
    cancel(run, None)
    advance_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.retries_waiting) == (RunState.STOPPED, [])
    with pytest.raises(ControlRefused, match="cannot retry failed a stopped run"):
        retry(run, 0, None)


def test_page_and_api_retry_and_link_both_ways():
    team = make_team()
    researcher, viewer = make_member(team), make_member(team, Role.VIEWER)
    run = make_run(team, candidates=2)
    end(run)
    address = reverse("candidate-retry", args=[run.pk, 0])
    api = Caller(researcher)
    browser, stranger = Client(), Client()
    browser.force_login(researcher)
    stranger.force_login(make_member(make_team()))
    assert stranger.post(address).status_code == 404
    looking = Client()
    looking.force_login(viewer)
    assert looking.post(address).status_code == 403
    page = reverse("run-candidate", args=[run.pk, 0])
    assert 'data-testid="candidate-retry"' in browser.get(page).content.decode()
    assert 'data-testid="candidate-retry"' not in looking.get(page).content.decode()
    overview = browser.get(reverse("run-detail", args=[run.pk])).content.decode()
    assert 'data-testid="run-retry_failed"' in overview
    waiting = browser.post(address, headers={"HX-Request": "true"}).content.decode()
    assert 'data-testid="retry-waits"' in waiting
    again = api.post(f"/runs/{run.pk}/candidates/0/retry")
    assert again.status_code == 409
    assert "retried already" in again.json()["detail"]
    assert api.post(f"/runs/{run.pk}/candidates/77/retry").status_code == 404
    end(run, "done")
    retried = api.get(f"/runs/{run.pk}/candidates/0").json()
    assert (retried["retried_as"], retried["retry_waits"]) == (2, False)
    assert api.get(f"/runs/{run.pk}/candidates/2").json()["retry_of"] == 0
    assert 'data-testid="retried-as"' in browser.get(page).content.decode()
    overview = browser.get(reverse("run-detail", args=[run.pk])).content.decode()
    assert 'data-testid="run-retry_failed"' not in overview
    other = browser.get(reverse("run-candidate", args=[run.pk, 2])).content.decode()
    assert 'data-testid="retry-of"' in other
