"""Databases of earlier versions: runs keep their values, and new fields are filled in."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from webapp.runs.cost import worked_seconds
from webapp.runs.models import Run
from webapp.runs.objectives import goals_of_run
from webapp.runs.services.advance import advance_run

BEFORE = [
    ("runs", "0005_search_spec"),
    ("tables", "0001_initial"),
    ("accounts", "0002_keep_an_owner"),
]
SPEC = {
    "space": "nb201",
    "strategy": "random",
    "estimator": "train",
    "dataset": "digits",
    "objectives": ["error", "latency@cpu"],
    "constraints": [],
    "candidates": 4,
    "seed": 7,
    "in_flight": 1,
    "deterministic": True,
    "space_config": {"cells": 1},
    "strategy_config": {},
    "estimator_config": {},
    "dataset_config": {},
}


def migrate(targets):
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


@pytest.fixture
def before(transactional_db):
    """The models of the earlier version, on its tables; the newest tables are restored."""
    yield migrate(BEFORE).get_model
    migrate(MigrationExecutor(connection).loader.graph.leaf_nodes())


def upgrade():
    migrate(MigrationExecutor(connection).loader.graph.leaf_nodes())


@pytest.fixture
def old_run(before):
    team = before("accounts", "Team").objects.create(name="Old", slug="old")

    def make(team_id=team.pk, **fields):
        spec = {**SPEC, **fields.pop("spec", {})}
        return before("runs", "Run").objects.create(
            team_id=team_id, name="old", spec=spec, strategy="random", candidate_budget=4, **fields
        )

    return make


def test_a_draft_is_stopped_with_a_reason(old_run):
    drafted, running = old_run(state="draft"), old_run(state="running", reason="kept")
    upgrade()
    draft, run = Run.objects.get(pk=drafted.pk), Run.objects.get(pk=running.pk)
    assert (draft.state, draft.ended_at is not None) == ("stopped", True)
    assert draft.reason.startswith("was a draft of an earlier version")
    assert (run.state, run.reason, run.ended_at) == ("running", "kept", None)


def test_runs_of_the_same_settings_share_new_rows_of_their_team(old_run, before):
    shared = before("runs", "Space").objects.create(team=None, name="nb201", engine_space="nb201")
    shared.versions.create(number=1, config={"cells": 2})
    first, second, third = old_run(), old_run(), old_run(spec={"space_config": {"cells": 2}})
    upgrade()
    first, second, third = (Run.objects.get(pk=run.pk) for run in (first, second, third))
    assert first.space_version == second.space_version
    assert (first.space_version.space.team, first.space_version.number) == (first.team, 1)
    assert first.space_version.config == {"cells": 1}
    assert third.space_version.space.team is None
    assert first.data_set == third.data_set
    assert (first.data_set.team, first.data_set.source) == (first.team, "digits")


def test_a_space_version_that_a_run_already_had_is_kept(old_run, before):
    space = before("runs", "Space").objects.create(team=None, name="mine", engine_space="nb201")
    version = space.versions.create(number=3, config={"any": 1})
    run = old_run(space_version=version)
    upgrade()
    assert Run.objects.get(pk=run.pk).space_version_id == version.pk


def test_objectives_of_earlier_runs_have_their_units(old_run):
    run = old_run()
    upgrade()
    assert goals_of_run(Run.objects.get(pk=run.pk)) == [
        {"name": "error", "unit": "%", "better": "lower"},
        {"name": "latency@cpu", "unit": "ms", "better": "lower"},
    ]
    assert len(Run.objects.get(pk=run.pk).objectives) == 2


def test_columns_of_an_imported_table_keep_their_direction(old_run, before):
    team = before("accounts", "Team").objects.get()
    column = {"dataset": "", "name": "speed@a100", "unit": "images/s", "better": "higher"}
    table = before("tables", "BenchmarkTable").objects.create(
        team=team, name="t", version=1, architecture="net", rows=1, size_bytes=1, digest="0" * 64,
        content=b"", datasets=["t"], objectives=[{**column, "column": "tp", "rows": 1}],
    )  # fmt: skip
    run = old_run(
        benchmark_table=table,
        spec={"estimator": "table", "dataset": "t", "objectives": ["speed@a100"]},
    )
    upgrade()
    (goal,) = Run.objects.get(pk=run.pk).objectives
    assert goal == {
        "name": "speed@a100", "kind": "speed", "device": "a100", "better": "higher",
        "unit": "images/s",
    }  # fmt: skip


def test_objectives_that_a_migration_cannot_resolve_are_stored_by_the_next_step(old_run, tmp_path):
    path = tmp_path / "file.csv"
    path.write_text("net,acc\n|none~0|+|none~0|none~1|+|none~0|none~1|none~2|,90\n")
    config = {"path": str(path), "columns": ["error=acc:100-x:%"], "architecture": "net"}
    run = old_run(
        state="queued",
        spec={
            "estimator": "table", "dataset": "x", "objectives": ["error"],
            "estimator_config": config, "space_config": {},
        },
    )  # fmt: skip
    upgrade()
    run = Run.objects.get(pk=run.pk)
    assert run.objectives == []
    assert goals_of_run(run) == [{"name": "error", "unit": "%", "better": "lower"}]
    assert Run.objects.get(pk=run.pk).objectives == []  # reading stores nothing
    advance_run(run.pk)
    assert [goal["unit"] for goal in Run.objects.get(pk=run.pk).objectives] == ["%"]


def test_the_best_candidate_of_an_earlier_run_is_found(old_run, before):
    candidates = before("runs", "Candidate").objects
    measurements = before("runs", "Measurement").objects
    run, empty = old_run(), old_run()
    rows = [("done", 5.0, 0.5), ("done", 20.0, None), ("done", 10.0, 0.0), ("pruned", 1.0, None)]
    for number, (state, error, violation) in enumerate(rows):
        candidate = candidates.create(
            run=run, number=number, state=state, violation=violation, proposal={}
        )
        for name, value in (("error", error), ("latency@cpu", 1.0)):
            measurements.create(candidate=candidate, objective=name, value=value, method="x")
    upgrade()
    assert Run.objects.get(pk=run.pk).best == 2
    assert Run.objects.get(pk=empty.pk).best is None


def test_earlier_candidates_cost_their_curve_and_their_time(old_run, before):
    start = timezone.now()
    run = old_run(state="finished", started_at=start, ended_at=start + timedelta(minutes=9))
    make = partial(before("runs", "Candidate").objects.create, run_id=run.pk, proposal={})
    minute = timedelta(minutes=1)
    make(number=0, state="done", ended_order=0, curve=[{"epoch": 1}, {"epoch": 2}],
         started_at=start, ended_at=start + minute)  # fmt: skip
    make(number=1, state="done", ended_order=1, started_at=start, ended_at=start)
    make(number=2, state="queued")
    upgrade()
    costs = Run.objects.get(pk=run.pk).candidates.order_by("number")
    assert list(costs.values_list("epochs", "seconds", "gpu_seconds")) == [
        (2, 60, None),
        (0, None, None),
        (0, None, None),
    ]
    assert worked_seconds(Run.objects.get(pk=run.pk)) == 9 * 60


def test_an_earlier_paused_run_rests_since_its_last_candidate(old_run, before):
    start = timezone.now() - timedelta(hours=5)
    run = old_run(state="paused", started_at=start)
    end = start + timedelta(hours=1)
    before("runs", "Candidate").objects.create(
        run_id=run.pk, number=0, proposal={}, state="done", ended_order=0,
        started_at=start, ended_at=end,
    )  # fmt: skip
    upgrade()
    assert worked_seconds(Run.objects.get(pk=run.pk)) == 3600
