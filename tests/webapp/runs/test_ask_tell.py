"""The ask-tell step: when candidates are asked for, and in which order outcomes are told."""

from __future__ import annotations

import pytest

from nasengine.core.measurement import Measurement
from nasengine.core.outcome import Outcome
from nasengine.execution import assembly
from webapp.runs.models import Candidate, Run, RunState
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run

from ...fixtures.factories import done, make_run, make_slot, take, work_off

pytestmark = pytest.mark.django_db(transaction=True)


def history(run: Run) -> list[tuple]:
    rows = run.candidates.order_by("number")
    return list(rows.values_list("number", "architecture_id", "parents", "origin"))


def test_the_first_step_asks_for_as_many_candidates_as_in_flight_allows():
    run = make_run(in_flight=3)
    assert (run.state, run.asked, run.told) == (RunState.RUNNING, 3, 0)
    assert [c.number for c in run.candidates.all()] == [0, 1, 2]
    assert run.started_at is not None


def test_advancing_twice_changes_nothing():
    run = make_run()
    advance_run(run.pk)
    advance_run(run.pk)
    seq = run.seq
    run.refresh_from_db()
    assert (run.seq, run.asked) == (seq, 1)


def test_a_run_ends_when_all_candidates_of_its_budget_are_told():
    run = make_run(candidates=5, in_flight=2)
    work_off(run)
    assert (run.state, run.asked, run.told) == (RunState.FINISHED, 5, 5)
    assert run.ended_at >= run.started_at
    assert sorted(run.candidates.values_list("ended_order", flat=True)) == [0, 1, 2, 3, 4]
    assert run.candidates.filter(told=False).count() == 0


def pruned(number, params=9000.0):
    measured = (Measurement("params", params, ""),)
    return Outcome(number, "pruned", measured, reason="params violate the bound, not trained")


def test_candidates_that_were_not_trained_do_not_use_up_the_budget():
    run = make_run(candidates=3, in_flight=2, constraints=("params<1000",))
    slot = make_slot()
    for number in range(8):
        claims.finish(take(slot), pruned(number) if number % 2 else done(number, params=10.0))
        advance_run(run.pk)
        run.refresh_from_db()
        if run.state == RunState.FINISHED:
            break
    assert (run.state, run.reason) == (RunState.FINISHED, "")
    assert (run.budget_used, run.pruned, run.told) == (3, 2, 5)
    assert run.candidates.filter(state="pruned").count() == 2


def test_a_run_that_finds_nothing_feasible_ends_and_says_why():
    run = make_run(
        candidates=2, in_flight=2, constraints=("params<1000",), proposals_per_candidate=2
    )
    slot = make_slot()
    for number in range(4):
        claims.finish(take(slot), pruned(number))
        advance_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.asked, run.budget_used) == (RunState.FINISHED, 4, 0)
    assert run.reason.startswith("only 0 of 2 candidates were evaluated: 4 of 4 proposals")
    assert not run.candidates.filter(ended_order=None).exists()


def test_a_deterministic_run_tells_outcomes_in_the_order_of_numbers():
    run = make_run(in_flight=2, candidates=6)
    slot = make_slot()
    first, second = take(slot), take(slot)
    claims.finish(second, done(1))
    advance_run(run.pk)
    run.refresh_from_db()
    assert (run.told, run.asked) == (0, 2)
    claims.finish(first, done(0))
    advance_run(run.pk)
    run.refresh_from_db()
    assert (run.told, run.asked) == (2, 4)


def test_without_determinism_outcomes_are_told_as_candidates_end():
    run = make_run(in_flight=2, candidates=6, deterministic=False)
    slot = make_slot()
    take(slot)
    claims.finish(take(slot), done(1))
    advance_run(run.pk)
    run.refresh_from_db()
    assert (run.told, run.asked) == (1, 3)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 2, 0), (2, 3, 0, 1)])
@pytest.mark.trap(31)
def test_the_order_of_endings_does_not_change_the_proposals(order):
    """Four workers that finish in any order, and one worker, evaluate the same candidates."""
    spec = {
        "strategy": "regularised-evolution",
        "strategy_config": {"population": 3, "sample": 2},
        "candidates": 12,
        "in_flight": 4,
    }
    one = make_run(**spec)
    work_off(one)
    four = make_run(**spec)
    slots = [make_slot(f"slot{i}") for i in range(4)]
    while True:
        held = [h for s in slots if (h := claims.claim(s, ["cpu"]))]
        if not held:
            break
        for place in order:
            if place < len(held):
                number = held[place].number
                claims.finish(held[place], done(number, 50.0 - number, 1000.0 + number))
                advance_run(four.pk)
    four.refresh_from_db()
    assert four.state == RunState.FINISHED
    assert history(four) == history(one)


def test_pausing_does_not_change_the_proposals():
    from webapp.runs.services.control import pause, resume

    spec = {"candidates": 6, "in_flight": 2, "strategy": "regularised-evolution"}
    plain = make_run(**spec)
    work_off(plain)
    paused = make_run(**spec)
    slot = make_slot()
    first, second = take(slot), take(slot)
    pause(paused, None)
    claims.finish(first, done(0, 50.0, 1000.0))
    claims.finish(second, done(1, 49.0, 1001.0))
    advance_run(paused.pk)
    paused.refresh_from_db()
    assert paused.state == RunState.PAUSED
    assert claims.claim(slot, ["cpu"]) is None
    resume(paused, None)
    work_off(paused)
    assert history(paused) == history(plain)


def test_outcomes_of_every_state_are_told():
    run = make_run(candidates=3)  # a pruned candidate does not count
    slot = make_slot()
    for state in ("failed", "diverged", "pruned", "cancelled"):
        held = take(slot)
        assert claims.finish(held, Outcome(held.number, state, reason=f"because {state}"))
        advance_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.told) == (RunState.FINISHED, 4)
    states = dict(run.candidates.values_list("state", "reason"))
    assert states == {s: f"because {s}" for s in ("failed", "diverged", "pruned", "cancelled")}


def test_a_strategy_that_raises_fails_its_run_with_a_reason(monkeypatch):
    run = make_run(candidates=4, in_flight=2)
    slot = make_slot()
    held = take(slot)
    claims.finish(held, done(0))

    class Broken:
        finished = False

        def load_state_dict(self, state):
            raise ValueError("state of version 9: this version reads up to 1")

    monkeypatch.setattr(assembly, "make_strategy", lambda spec: Broken())
    advance_run(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert run.reason.endswith(
        "could not be set up: state of version 9: this version reads up to 1"
    )
    assert "Traceback" not in run.reason
    assert (run.told, run.asked) == (0, 2)
    assert Candidate.objects.get(run=run, number=1).state == "cancelled"


def test_a_strategy_that_proposes_nothing_after_all_outcomes_fails_the_run(monkeypatch):
    run = make_run(candidates=3, advance=False)

    class Mute:
        finished = False

        def ask(self):
            return None

    monkeypatch.setattr(assembly, "make_strategy", lambda spec: Mute())
    advance_run(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert run.reason == "strategy random proposes nothing although all outcomes are told"
