"""Every strategy through the database finds what it finds in the engine alone, kills included."""

from __future__ import annotations

import pytest

from nasengine import assembly, search
from nasengine.catalog import names
from nasengine.core.proposal import Proposal
from nasengine.core.question import Question
from nasengine.estimators.tables.table import Table
from nasengine.evaluation import evaluate
from tests.contracts.test_strategies import SMALL
from tests.nasengine.estimators.tables.making import write_table
from webapp.runs.models import Device, RunState
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run

from ..making import make_run, make_slot, take

pytestmark = pytest.mark.django_db(transaction=True)
CANDIDATES = 40
KILLED_EVERY = 7


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("tables") / "made.csv.gz")


def asked(name, table):
    """A question small enough that 40 candidates see every phase of the strategy."""
    question = {
        "space": "nb201",
        "strategy": name,
        "estimator": "table",
        "dataset": "cifar10",
        "objectives": ("error", "params", "latency@raspi4"),
        "candidates": CANDIDATES,
        "in_flight": 3,
        "seed": 4,
        "strategy_config": SMALL.get(name, {}),
        "estimator_config": {"path": str(table)},
    }
    return assembly.check(Question(**question))


def looked_up(question, claim):
    proposal = Proposal.from_json(claim.proposal)
    return evaluate(question, proposal, lambda point: None, lambda: False)


def test_a_device_of_a_table_needs_no_worker_of_its_own(table):
    Device.objects.create(name="raspi4", queue="raspi4")
    run = make_run(**asked("random", table).to_json())
    assert set(run.candidates.values_list("queue", flat=True)) == {"cpu"}
    Device.objects.update_or_create(name="cpu", defaults={"queue": "bench"})
    trained = make_run(objectives=("error", "latency@cpu"))
    assert set(trained.candidates.values_list("queue", flat=True)) == {"bench"}


@pytest.mark.parametrize("name", names("strategies"))
def test_through_the_database_with_killed_workers_as_alone(name, table, monkeypatch):
    monkeypatch.setattr(Table, "instant", False)  # as an estimator that workers are needed for
    question = asked(name, table)
    alone = search.run(question)
    run = make_run(**question.to_json())
    slot, turn = make_slot(), 0
    while run.state == RunState.RUNNING:
        claim = take(slot)
        turn += 1
        if turn % KILLED_EVERY == 0:  # the worker dies, another one takes the candidate up
            claims.give_back(claim)
            claim = take(slot)
        claims.finish(claim, looked_up(question, claim))
        advance_run(run.pk)
        advance_run(run.pk)  # brokers deliver twice
        run.refresh_from_db()
    assert_as_alone(run, alone)


@pytest.mark.parametrize("name", names("strategies"))
def test_looked_up_a_little_at_a_time_as_alone(name, table):
    """Every pass ends after one ask or one tell, and the next begins from what is stored."""
    question = asked(name, table)
    alone = search.run(question)
    run = make_run(advance=False, **question.to_json())
    passes = 1
    while advance_run(run.pk, seconds=0.0):
        passes += 1
    run.refresh_from_db()
    assert passes >= CANDIDATES
    assert_as_alone(run, alone)
    assert set(run.candidates.values_list("fence", "slot", "state")) == {(0, None, "done")}


def assert_as_alone(run, alone):
    """The run found what the engine found by itself."""
    assert run.state == RunState.FINISHED, run.reason
    rows = run.candidates.order_by("number")
    assert list(rows.values_list("architecture_id", "parents", "origin")) == [
        (one.proposal.architecture.id, list(one.proposal.parents), one.proposal.origin)
        for one in alone.ended
    ]
    assert run.front["numbers"] == alone.front.front
    assert run.front["curve"] == alone.front.curve
    assert run.view["view"] or not run.view["kind"]
