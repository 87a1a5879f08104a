"""Trainings in parts over workers: paused, going on exactly once, stopped early."""

from __future__ import annotations

import itertools

import pytest

from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.execution.loop import Search
from tests.fixtures.factories import (
    expire,
    make_member,
    make_run,
    make_slot,
    make_team,
    take,
)
from tests.nasengine.fidelity.steps import falling, part
from webapp.runs.models import RunState
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run
from webapp.runs.services.control import stop
from webapp.runs.services.reaper import reap
from webapp.runs.services.sweep import runs_to_advance

pytestmark = pytest.mark.django_db(transaction=True)
LEVELS = [30, 10, 50, 20, 60, 15, 70, 5, 40, 12]
SHORT = {"fewer_epochs": "asha", "first_epochs": 1, "reduction": 2, "in_flight": 2}


def outcome(number, until):
    return part(number, falling(LEVELS[number]), until, params=float(1000 + number))


def finish(held):
    """Train the part that was claimed, and let the run advance."""
    proposal = Proposal.from_json(held.proposal)
    assert claims.finish(held, outcome(proposal.number, proposal.until))
    advance_run(held.run_id)


def ended(run):
    """Return what a run has found, as the engine would say it."""
    found = {}
    for candidate in run.candidates.prefetch_related("measurements"):
        values = {m.objective: m.value for m in candidate.measurements.all()}
        found[candidate.number] = candidate.state, candidate.training["reached"], values
    return found


class Known:
    """An evaluator of the engine with the same trainings."""

    def submit(self, proposal):
        """Nothing to do before the outcome is asked for."""

    def outcome(self, proposal):
        return outcome(proposal.number, proposal.until)

    def forget(self, number):
        """Nothing is kept."""


@pytest.mark.parametrize("method", ["asha", "halving", "median", "curves"])
def test_a_run_finds_what_the_engine_finds(method):
    run = make_run(candidates=10, **{**SHORT, "fewer_epochs": method, "min_curves": 6})
    slots = itertools.cycle([make_slot("one"), make_slot("two")])
    while run.state == RunState.RUNNING:
        finish(take(next(slots)))
        run.refresh_from_db()
    assert (run.state, run.reason, run.told) == (RunState.FINISHED, "", 10)
    spec = SearchSpec.from_json(run.spec)
    result = Search(spec, Known()).run()
    assert ended(run) == {
        c.number: (c.state, c.outcome.training.reached, c.values) for c in result.candidates
    }
    assert "stopped" in {c.state for c in result.candidates}
    assert run.best == result.best.number
    assert run.front["numbers"] == result.run_front.front


def paused_run():
    """Return a run with a paused candidate, which goes on, and its worker."""
    run, slot = make_run(candidates=4, objectives=("error",), **SHORT), make_slot()
    finish(take(slot))
    return run, slot


def test_a_paused_candidate_frees_its_worker_and_keeps_its_values():
    run, slot = paused_run()
    candidate = run.candidates.get(number=0)
    assert (candidate.state, candidate.lease_until, candidate.ended_order) == ("paused", None, None)
    assert candidate.training["curve"] == falling(LEVELS[0])[:1]
    assert candidate.told and not candidate.part_open
    assert take(slot).number == 1


def test_a_training_goes_on_exactly_once_with_a_new_fencing_token():
    run, slot = paused_run()
    first = take(slot)
    finish(first)
    for _ in range(3):
        advance_run(run.pk)
    held = take(slot)
    assert (held.number, held.proposal["until"], held.fence) == (1, 2, first.fence + 1)
    assert not claims.finish(first, outcome(1, 1))  # the old token
    finish(held)
    assert run.candidates.get(number=1).training["reached"] == 2


def test_a_lost_part_is_done_again():
    run, slot = paused_run()
    finish(take(slot))
    held = take(slot)
    expire(held)
    reap()
    again = take(make_slot("other"))
    assert (again.number, again.proposal["until"]) == (1, 2)
    assert not claims.finish(held, outcome(1, 2))
    finish(again)
    assert run.candidates.get(number=1).training["reached"] == 2


def test_a_missed_message_is_found_by_the_sweep():
    run, slot = make_run(candidates=4, **SHORT), make_slot()
    held = take(slot)
    claims.finish(held, outcome(held.number, 1))
    assert runs_to_advance() == [run.pk]


def test_a_stopped_run_stops_its_paused_candidates_early():
    run, _ = paused_run()
    stop(run, None)
    advance_run(run.pk)
    run.refresh_from_db()
    candidate = run.candidates.get(number=0)
    assert run.state == RunState.STOPPED
    assert (candidate.state, candidate.reason) == ("stopped", "stopped by the command line")
    assert candidate.measurements.count() == 2


def test_the_page_shows_what_was_saved_stopped_and_predicted(client):
    run = make_run(candidates=10, **{**SHORT, "fewer_epochs": "curves", "min_curves": 6})
    client.force_login(make_member(run.team))
    slot = make_slot()
    while run.state == RunState.RUNNING:
        finish(take(slot))
        run.refresh_from_db()
    stopped = run.candidates.filter(state="stopped")
    saved = 10 * 4 - sum(run.candidates.values_list("epochs", flat=True))
    assert saved == sum(4 - candidate.training["reached"] for candidate in stopped) > 0
    assert 'id="epochs-card"' in client.get(f"/runs/{run.pk}/").content.decode()
    page = client.get(f"/runs/{run.pk}/epochs/").content.decode()
    assert f"<strong>{100 * saved / 40:.0f} %</strong>" in page
    assert all(candidate.reason in page for candidate in stopped)
    done = run.candidates.filter(state="done", findings__has_key="predictions").first()
    assert f"{done.findings['predictions'][0]['value']:.2f}" in page
    assert f'data-open-candidate="{done.number}"' in page.partition("prediction-plot")[2]
    client.force_login(make_member(make_team()))
    assert client.get(f"/runs/{run.pk}/epochs/").status_code == 404
