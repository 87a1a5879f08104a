"""Control: pause, resume, stop, cancel and raise the budget."""

from __future__ import annotations

import pytest

from webapp.runs.models import RunState
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run
from webapp.runs.services.control import (
    ControlRefused,
    allowed,
    cancel,
    pause,
    raise_budget,
    resume,
    stop,
)
from webapp.runs.services.sweep import runs_to_advance

from ...fixtures.factories import done, make_member, make_run, make_slot, make_team, take, work_off

pytestmark = pytest.mark.django_db(transaction=True)


def states_of(run) -> list[str]:
    return list(run.candidates.order_by("number").values_list("state", flat=True))


def test_pause_lets_running_candidates_finish():
    team = make_team()
    user = make_member(team)
    run = make_run(team, candidates=5, in_flight=2)
    slot = make_slot()
    held = take(slot)
    pause(run, user)
    assert (run.state, run.reason) == (RunState.PAUSING, f"paused by {user.username}")
    assert claims.heartbeat(held) == "go"
    assert claims.claim(slot, ["cpu"]) is None
    assert claims.finish(held, done(0))
    assert runs_to_advance() == [run.pk]
    advance_run(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.PAUSED
    assert states_of(run) == ["done", "queued", "queued"]


def test_pause_without_running_candidates_is_immediate_and_resumable():
    run = make_run(candidates=3)
    pause(run, None)
    assert run.state == RunState.PAUSED
    resume(run, None)
    assert (run.state, run.reason) == (RunState.RUNNING, "")
    work_off(run)
    assert run.state == RunState.FINISHED


def test_resuming_a_run_that_was_never_advanced_queues_it():
    run = make_run(advance=False)
    pause(run, None)
    resume(run, None)
    assert run.state == RunState.QUEUED


def test_stop_cancels_waiting_candidates_and_lets_running_ones_finish():
    run = make_run(candidates=9, in_flight=3)
    held = take(make_slot())
    stop(run, None)
    assert run.state == RunState.STOPPING
    assert states_of(run) == ["running", "cancelled", "cancelled"]
    assert claims.heartbeat(held) == "go"
    claims.finish(held, done(0))
    advance_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.reason) == (RunState.STOPPED, "stopped by the command line")
    assert (run.asked, run.told) == (3, 3)
    assert run.ended_at is not None


def test_a_stopping_run_can_be_cancelled():
    run = make_run(candidates=9, in_flight=2)
    held = take(make_slot())
    stop(run, None)
    cancel(run, None)
    assert claims.heartbeat(held) == "cancel"
    assert run.reason == "cancelled by the command line"


def test_raising_the_budget_continues_a_finished_run():
    run = make_run(candidates=2)
    work_off(run)
    assert run.state == RunState.FINISHED
    raise_budget(run, None, 4)
    assert (run.state, run.candidate_budget, run.spec["candidates"]) == ("running", 4, 4)
    advance_run(run.pk)
    work_off(run)
    assert (run.state, run.told) == (RunState.FINISHED, 4)


@pytest.mark.parametrize("budget", [0, 4, -1, 10**6])
def test_a_budget_that_is_not_larger_is_refused(budget):
    run = make_run(candidates=4)
    with pytest.raises(ControlRefused, match="must be above 4 and at most 100,000"):
        raise_budget(run, None, budget)


ACTIVE = ["stop", "cancel", "raise_budget", "set_priority", "retry_failed", "steer"]


@pytest.mark.parametrize(
    ("state", "actions"),
    [
        ("queued", ["pause", *ACTIVE]),
        ("running", ["pause", *ACTIVE]),
        ("pausing", ["resume", *ACTIVE]),
        ("paused", ["resume", *ACTIVE]),
        ("stopping", ["cancel"]),
        ("stopped", []),
        ("finished", ["raise_budget", "retry_failed"]),
        ("failed", []),
    ],
)
def test_only_the_actions_allowed_in_a_state_are_accepted(state, actions):
    run = make_run()
    run.state = state
    run.save()
    assert allowed(run) == actions
    steps = {"pause": pause, "resume": resume, "stop": stop, "cancel": cancel}
    for name in steps.keys() - set(actions):
        with pytest.raises(ControlRefused, match=f"cannot {name} a {state} run: reload"):
            steps[name](run, None)
    run.refresh_from_db()
    assert run.state == state
