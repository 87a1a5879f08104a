"""Claims: one worker at a time, and reports of other workers are refused."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from nasengine.core.measurement import Measurement
from nasengine.core.outcome import Outcome
from webapp.events.models import Event
from webapp.runs.models import Candidate, RunState
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run
from webapp.runs.services.control import cancel, stop
from webapp.runs.services.reaper import reap

from ...fixtures.factories import done, expire, make_run, make_slot, take

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_claim_has_everything_needed_and_is_stored():
    run = make_run()
    held = take(make_slot("w1"))
    candidate = run.candidates.get()
    assert (held.number, held.fence) == (0, 1)
    assert held.spec == run.spec
    assert held.proposal == candidate.proposal
    assert (candidate.state, candidate.attempts, candidate.slot.name) == ("running", 1, "w1")
    assert candidate.lease_until > candidate.started_at


def test_a_candidate_is_claimed_once():
    make_run()
    slot = make_slot()
    take(slot)
    assert claims.claim(slot, ["cpu"]) is None


def test_workers_of_other_queues_get_no_candidate():
    make_run()
    assert claims.claim(make_slot(queues=("gpu",)), ["gpu"]) is None


def test_concurrent_workers_claim_different_candidates():
    make_run(candidates=8, in_flight=8)
    slots = [make_slot(f"slot{i}") for i in range(8)]
    taken, start = [], threading.Barrier(8)

    def grab(slot):
        start.wait()
        taken.append(claims.claim(slot, ["cpu"]))
        connection.close()

    threads = [threading.Thread(target=grab, args=(slot,)) for slot in slots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(held.number for held in taken) == list(range(8))
    assert set(Candidate.objects.values_list("attempts", flat=True)) == {1}


def test_the_run_with_the_fewest_running_candidates_comes_first():
    old = make_run(candidates=9, in_flight=3)
    young = make_run(candidates=9, in_flight=3)
    slot = make_slot()
    order = [take(slot).run_id for _ in range(4)]
    assert order == [old.pk, young.pk, old.pk, young.pk]


def test_a_single_worker_serves_all_runs_in_turn():
    runs = [make_run(candidates=9, in_flight=2) for _ in range(3)]
    slot, order = make_slot(), []
    for _ in range(6):
        held = take(slot)
        order.append(held.run_id)
        assert claims.finish(held, done(held.number, 12.5, 730.0))
        advance_run(held.run_id)
    assert order == [run.pk for run in runs] * 2


def test_finish_stores_everything_once():
    run = make_run()
    held = take(make_slot())
    assert claims.report(held, {"epoch": 1, "epochs": 2, "valid_error": 33.0})
    assert claims.finish(held, done(0, 12.5, 730.0)) is True
    events = Event.objects.filter(run=run).count()
    assert claims.finish(held, done(0, 99.0, 1.0)) is False
    assert Event.objects.filter(run=run).count() == events
    candidate = run.candidates.get()
    assert candidate.state == "done"
    assert candidate.ended_order == 0
    assert candidate.curve == [{"epoch": 1, "epochs": 2, "valid_error": 33.0}]
    values = dict(candidate.measurements.values_list("objective", "value"))
    assert values == {"error": 12.5, "params": 730.0}


def test_an_outcome_of_another_candidate_is_refused():
    make_run()
    with pytest.raises(ValueError, match="is of candidate 5, the claim of 0"):
        claims.finish(take(make_slot()), done(5))


@pytest.mark.trap(15)
def test_an_old_fencing_token_is_refused_everywhere():
    run = make_run()
    frozen = take(make_slot("frozen"))
    expire(frozen, seconds=1.0)
    assert reap() == 1
    candidate = run.candidates.get()
    assert candidate.state == "lost"
    assert candidate.reason == "no heartbeat from worker frozen for 31 s"
    assert claims.heartbeat(frozen) == "lost"
    assert claims.finish(frozen, done(0, 1.0)) is False
    second = take(make_slot("second"))
    assert second.fence == frozen.fence + 1
    assert claims.heartbeat(frozen) == "lost"
    assert claims.report(frozen, {"epoch": 9}) is False
    assert claims.release_claim(frozen) is False
    assert claims.finish(frozen, done(0, 1.0)) is False
    assert claims.finish(second, done(0, 2.0)) is True
    candidate = run.candidates.get()
    assert candidate.measurements.get(objective="error").value == 2.0
    assert candidate.attempts == 2


def test_a_heartbeat_in_time_keeps_the_lease():
    make_run()
    held = take(make_slot())
    expire(held)
    assert claims.heartbeat(held) == "go"
    assert reap() == 0


def test_a_candidate_that_kills_its_workers_fails(settings):
    settings.MAX_ATTEMPTS = 3
    run = make_run(candidates=1)
    for _ in range(3):
        expire(take(make_slot("w")))
        reap()
    candidate = run.candidates.get()
    assert candidate.state == "failed"
    assert candidate.reason == "lost 3 workers; last: no heartbeat from worker w for 31 s"
    advance_run(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.FINISHED


def test_a_candidate_whose_trainer_process_dies_waits_again_until_its_attempts_are_used_up(
    settings,
):
    settings.MAX_ATTEMPTS = 3
    run = make_run(candidates=1)
    for attempt in (1, 2):
        held = take(make_slot("w"))
        assert claims.interrupted(held, "the trainer process ended with status 1")
        assert not claims.interrupted(held, "late")
        candidate = run.candidates.get()
        assert (candidate.state, candidate.attempts) == ("lost", attempt)
        assert candidate.reason == "the trainer process ended with status 1"
    held = take(make_slot("w"))
    assert held.lost == "the trainer process ended with status 1"
    assert not claims.interrupted(held, "the trainer process ended with status 1")
    assert run.candidates.get().state == "running"  # the worker ends it


def test_a_candidate_that_is_to_be_cancelled_is_so_when_its_trainer_process_dies():
    run = make_run(candidates=1)
    held = take(make_slot("w"))
    cancel(run, None)
    assert claims.interrupted(held, "the trainer process ended with status 1")
    assert run.candidates.get().state == "cancelled"


def test_a_released_claim_is_not_an_attempt():
    run = make_run()
    slot = make_slot()
    held = take(slot)
    assert claims.release_claim(held) is True
    candidate = run.candidates.get()
    assert (candidate.state, candidate.attempts, candidate.slot) == ("queued", 0, None)
    assert take(slot).fence == 2


def test_a_new_attempt_starts_with_an_empty_curve():
    run = make_run()
    held = take(make_slot())
    claims.report(held, {"epoch": 1, "valid_error": 40.0})
    expire(held)
    reap()
    take(make_slot())
    assert run.candidates.get().curve == []


@pytest.mark.trap(18)
def test_cancel_reaches_the_worker_by_its_heartbeat():
    run = make_run(candidates=9, in_flight=2)
    held = take(make_slot())
    assert claims.heartbeat(held) == "go"
    cancel(run, None)
    assert claims.heartbeat(held) == "cancel"
    assert run.candidates.get(number=1).state == "cancelled"
    claims.finish(held, Outcome(0, "cancelled", reason="cancelled on request"))
    advance_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.reason) == (RunState.STOPPED, "cancelled by the command line")


def test_a_worker_that_dies_in_a_stopping_run_leaves_no_open_candidate():
    run = make_run(candidates=9, in_flight=2)
    held = take(make_slot("w"))
    stop(run, None)
    expire(held)
    reap()
    advance_run(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.STOPPED
    assert set(run.candidates.values_list("state", flat=True)) == {"cancelled"}


@pytest.mark.trap(22)
def test_a_done_candidate_without_every_objective_is_failed():
    run = make_run()
    held = take(make_slot())
    claims.finish(held, Outcome(0, "done", (Measurement("error", 5.0, "%"),)))
    candidate = run.candidates.get()
    assert (candidate.state, candidate.reason) == ("failed", "no value for params")


@pytest.mark.trap(1)
def test_a_value_that_is_not_finite_makes_the_candidate_diverged():
    run = make_run()
    held = take(make_slot())
    measured = Measurement("error", 5.0, "%", spread=float("nan"), detail={"clock": float("inf")})
    broken = Measurement("params", 1.0, "")
    object.__setattr__(broken, "value", float("nan"))  # estimators cannot create this
    claims.finish(held, Outcome(0, "done", (measured, broken)))
    candidate = run.candidates.get()
    assert (candidate.state, candidate.reason) == ("diverged", "not finite: params")
    kept = candidate.measurements.get()
    assert (kept.objective, kept.spread, kept.detail) == ("error", None, {"clock": None})


def test_the_violation_of_the_constraints_is_stored():
    run = make_run(candidates=2, in_flight=2, constraints=("params<1000",))
    slot = make_slot()
    first, second = take(slot), take(slot)
    claims.finish(first, done(0, params=1500.0))
    claims.finish(second, done(1, params=900.0))
    assert list(run.candidates.values_list("violation", flat=True)) == [0.5, 0.0]


def test_the_digest_of_the_data_is_stored_and_a_change_is_logged():
    run = make_run(candidates=2, in_flight=2)
    slot = make_slot()
    first, second = take(slot), take(slot)
    claims.record_data_digest(first, "a" * 64)
    claims.record_data_digest(second, "a" * 64)
    claims.record_data_digest(second, "b" * 64)
    run.refresh_from_db()
    assert run.data_digest == "a" * 64
    warnings = Event.objects.filter(run=run, kind="log", item__level="warning")
    assert [w.item["text"] for w in warnings] == [
        "the data changed: digest bbbbbbbbbbbb, before aaaaaaaaaaaa"
    ]
