"""Drained workers: they finish their work, claim nothing, and stay drained under their name."""

from __future__ import annotations

import pytest

from tests.fixtures.evaluations import make_evaluation
from tests.fixtures.factories import done, make_run, make_slot, next_work, take
from webapp.evaluations.services import training_jobs
from webapp.runs.models import WorkerDrain
from webapp.runs.services import claims
from webapp.runs.services.drains import UnknownWorker, drain, is_drained, resume

pytestmark = pytest.mark.django_db


def test_a_drained_worker_finishes_and_claims_nothing(team, owner):
    make_run(team, candidates=3, in_flight=3)
    slot = make_slot("gpu-1")
    held = take(slot)
    assert drain("gpu-1", owner) is True
    assert drain("gpu-1", owner) is False
    assert claims.heartbeat(held) == "go"
    assert claims.report(held, {"epoch": 1}) and claims.finish(held, done(held.number))
    assert claims.claim(slot, ["cpu"]) is None and next_work(slot, ["cpu"]) is None
    assert take(make_slot("gpu-2")) is not None
    again = make_slot("gpu-1")  # it was started again
    assert claims.claim(again, ["cpu"]) is None
    assert resume("gpu-1", owner) is True
    assert resume("gpu-1", owner) is False
    assert take(again).number == 2


def test_jobs_are_not_claimed_either(team, owner):
    make_evaluation(team)
    slot = make_slot("gpu-1")
    drain("gpu-1", owner)
    turn, *_ = training_jobs.turns(["cpu"])
    assert training_jobs.claim_turn(slot, turn) is None
    assert next_work(slot, ["cpu"]) is None
    resume("gpu-1", owner)
    assert training_jobs.claim_turn(slot, turn) is not None


def test_the_history_names_who_drained_and_who_resumed(owner, curator):
    make_slot("gpu-1")
    drain("gpu-1", owner)
    assert is_drained("gpu-1") and WorkerDrain.objects.get().drained_by == owner
    resume("gpu-1", curator)
    history = WorkerDrain.history.order_by("history_id")
    assert [(h.name, h.history_type, h.history_user) for h in history] == [
        ("gpu-1", "+", owner),
        ("gpu-1", "-", curator),
    ]


def test_a_worker_that_never_was_cannot_be_drained(owner):
    with pytest.raises(UnknownWorker, match="no worker 'unknown'"):
        drain("unknown", owner)
