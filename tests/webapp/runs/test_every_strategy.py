"""Every strategy proposes the same through the database as in the engine, even if workers die."""

from __future__ import annotations

import pytest

from nasengine.catalog import load, names
from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.core.weight_store import NO_WEIGHTS, MemoryWeightStore
from nasengine.estimators.tables.estimator import Table
from nasengine.execution import assembly
from nasengine.execution import loop as search
from nasengine.execution.evaluation import evaluate
from nasengine.execution.weight_store import FolderWeightStore
from tests.fixtures.small_settings import SMALL
from tests.fixtures.tables import write_table
from webapp.runs.models import Device, RunState
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run

from ...fixtures.factories import make_run, make_slot, take

pytestmark = pytest.mark.django_db(transaction=True)
CANDIDATES = 24
KILLED_EVERY = 7
ADVANCED_TWICE_EVERY = 4
SHARING = [name for name in names("strategies") if "supernet" in load("strategies", name).requires]
OTHERS = [name for name in names("strategies") if name not in SHARING]
# Small enough that a search trains, derives and retrains within seconds.
SHARED = {"epochs": 3, "batch_size": 32}
FEW_STEPS = {"enas": {"controller_steps": 5}}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("tables") / "made.csv.gz")


def asked(name, table):
    """Search settings so small that 24 candidates reach every phase of the strategy."""
    spec = {
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
    return assembly.check(SearchSpec(**spec))


def evaluated(spec, claim, weights=NO_WEIGHTS):
    proposal = Proposal.from_json(claim.proposal)
    return evaluate(spec, proposal, lambda point: None, lambda: False, weights)


def through_the_database(spec, weights=NO_WEIGHTS):
    """Return the run after its end; a worker dies every few candidates."""
    run = make_run(**spec.to_json())
    slot, turn = make_slot(), 0
    while run.state == RunState.RUNNING:
        claim = take(slot)
        turn += 1
        if turn % KILLED_EVERY == 0:  # the worker dies, another one claims the candidate
            evaluated(spec, claim, weights)
            claims.release_claim(claim)
            claim = take(slot)
        claims.finish(claim, evaluated(spec, claim, weights))
        advance_run(run.pk)
        if turn % ADVANCED_TWICE_EVERY == 0:  # as if a message were delivered twice
            advance_run(run.pk)
        run.refresh_from_db()
    return run


def test_a_device_of_a_table_needs_no_worker_with_this_device(table):
    Device.objects.create(name="raspi4", queue="raspi4")
    run = make_run(**asked("random", table).to_json())
    assert set(run.candidates.values_list("queue", flat=True)) == {"cpu"}
    Device.objects.update_or_create(name="cpu", defaults={"queue": "bench"})
    trained = make_run(objectives=("error", "latency@cpu"))
    assert set(trained.candidates.values_list("queue", flat=True)) == {"bench"}


@pytest.mark.parametrize("name", OTHERS)
def test_a_run_with_dying_workers_equals_a_search_in_the_engine(name, table, monkeypatch):
    monkeypatch.setattr(Table, "is_lookup", False)  # as an estimator that needs workers
    spec = asked(name, table)
    alone = search.run(spec)
    assert_as_alone(through_the_database(spec), alone)


@pytest.mark.parametrize("name", SHARING)
def test_a_supernet_run_with_dying_workers_equals_a_search_in_the_engine(name, monkeypatch):
    monkeypatch.setattr(f"{__name__}.KILLED_EVERY", 3)
    spec = assembly.check(
        SearchSpec(
            space="nb201",
            strategy=name,
            dataset="digits",
            objectives=("error", "params"),
            candidates=12,
            in_flight=3,
            seed=4,
            space_config={"cells": 1, "channels": 4},
            strategy_config={**SHARED, **FEW_STEPS.get(name, {})},
            estimator_config={"epochs": 1},
            dataset_config={"limit": 200},
        )
    )
    alone = search.run(spec)
    run = through_the_database(spec, MemoryWeightStore())
    assert_as_alone(run, alone)
    trained = run.candidates.filter(state="trained").order_by("number")
    assert [untimed(candidate.findings) for candidate in trained] == [
        untimed(candidate.outcome.findings)
        for candidate in alone.candidates
        if candidate.outcome.state == "trained"
    ]
    assert len(trained) == 4
    assert not trained.filter(measurements__isnull=False).exists()
    assert run.view["kind"] == "sharing"
    assert run.view["view"]["phase"] == "proof"
    assert set(run.front["numbers"]) <= {
        candidate.proposal.number for candidate in alone.candidates[4:]
    }


def test_a_one_shot_run_with_dying_workers_equals_a_search_in_the_engine(tmp_path):
    spec = assembly.check(
        SearchSpec(
            space="nb201",
            strategy="regularised-evolution",
            estimator="shared",
            dataset="digits",
            objectives=("error", "params"),
            candidates=15,
            in_flight=3,
            seed=4,
            space_config={"cells": 1, "channels": 4},
            strategy_config={"population": 6, "sample": 3},
            estimator_config={"epochs": 3, "batch_size": 32},
            dataset_config={"limit": 200},
        )
    )
    alone = search.run(spec)
    run = through_the_database(spec, FolderWeightStore(tmp_path))
    assert_as_alone(run, alone)
    assert list(run.candidates.order_by("number").values_list("state", flat=True)) == ["done"] * 15


def untimed(findings):
    times = ("seconds", "train_seconds")
    return {name: value for name, value in findings.items() if name not in times}


@pytest.mark.parametrize("name", OTHERS)
def test_lookups_in_small_steps_equal_a_search_in_the_engine(name, table):
    """Every step ends after one ask or one tell, and the next one starts from the stored state."""
    spec = asked(name, table)
    alone = search.run(spec)
    run = make_run(advance=False, **spec.to_json())
    passes = 1
    while advance_run(run.pk, seconds=0.0):
        passes += 1
    run.refresh_from_db()
    assert passes >= CANDIDATES
    assert_as_alone(run, alone)
    assert set(run.candidates.values_list("fence", "slot", "state")) == {(0, None, "done")}


def assert_as_alone(run, alone):
    """The run has the same proposals and outcomes as the search in the engine."""
    assert run.state == RunState.FINISHED, run.reason
    rows = run.candidates.order_by("number")
    assert list(rows.values_list("architecture_id", "parents", "origin")) == [
        (
            candidate.proposal.architecture.id,
            list(candidate.proposal.parents),
            candidate.proposal.origin,
        )
        for candidate in alone.candidates
    ]
    assert run.front["numbers"] == alone.run_front.front
    assert run.front["curve"] == alone.run_front.curve
    assert run.view["view"] or not run.view["kind"]
