"""Databases of earlier versions: runs keep their values, and new fields are filled in."""

from __future__ import annotations

from collections.abc import Callable, Generator
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


Scenario = Callable[["Before"], Generator[None, None, None]]
SCENARIOS: dict[str, Scenario] = {}


def scenario(steps: Scenario) -> Scenario:
    """Register what makes rows of the earlier version, yields, and checks them after the upgrade.

    All scenarios share one upgrade: going back to the earlier tables and forth takes seconds.
    """
    SCENARIOS[steps.__name__] = steps
    return steps


def migrate(targets):
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


class Before:
    """The models of the earlier version, and runs of one team on its tables."""

    def __init__(self, models, name, folder):
        self.models, self.folder = models, folder
        self.team = self("accounts", "Team").objects.create(name=name, slug=name[:40])

    def __call__(self, app, model):
        return self.models(app, model)

    def run(self, **fields):
        spec = {**SPEC, **fields.pop("spec", {})}
        return self("runs", "Run").objects.create(
            team_id=self.team.pk, name="old", spec=spec, strategy="random", candidate_budget=4,
            **fields,
        )  # fmt: skip


@scenario
def a_draft_is_stopped_with_a_reason(before):
    drafted, running = before.run(state="draft"), before.run(state="running", reason="kept")
    yield
    draft, run = Run.objects.get(pk=drafted.pk), Run.objects.get(pk=running.pk)
    assert (draft.state, draft.ended_at is not None) == ("stopped", True)
    assert draft.reason.startswith("was a draft of an earlier version")
    assert (run.state, run.reason, run.ended_at) == ("running", "kept", None)


@scenario
def runs_of_the_same_settings_share_new_rows_of_their_team(before):
    shared = before("runs", "Space").objects.create(team=None, name="nb201", engine_space="nb201")
    shared.versions.create(number=1, config={"cells": 2})
    first, second, third = (
        before.run(),
        before.run(),
        before.run(spec={"space_config": {"cells": 2}}),
    )
    yield
    first, second, third = (Run.objects.get(pk=run.pk) for run in (first, second, third))
    assert first.space_version == second.space_version
    assert (first.space_version.space.team, first.space_version.number) == (first.team, 1)
    assert first.space_version.config == {"cells": 1}
    assert third.space_version.space.team is None
    assert first.data_set == third.data_set
    assert (first.data_set.team, first.data_set.source) == (first.team, "digits")


@scenario
def a_space_version_that_a_run_already_had_is_kept(before):
    space = before("runs", "Space").objects.create(team=None, name="mine", engine_space="nb201")
    version = space.versions.create(number=3, config={"any": 1})
    run = before.run(space_version=version)
    yield
    assert Run.objects.get(pk=run.pk).space_version_id == version.pk


@scenario
def objectives_of_earlier_runs_have_their_units(before):
    run = before.run()
    yield
    assert goals_of_run(Run.objects.get(pk=run.pk)) == [
        {"name": "error", "unit": "%", "better": "lower"},
        {"name": "latency@cpu", "unit": "ms", "better": "lower"},
    ]
    assert len(Run.objects.get(pk=run.pk).objectives) == 2


@scenario
def columns_of_an_imported_table_keep_their_direction(before):
    team = before.team
    column = {"dataset": "", "name": "speed@a100", "unit": "images/s", "better": "higher"}
    table = before("tables", "BenchmarkTable").objects.create(
        team=team, name="t", version=1, architecture="net", rows=1, size_bytes=1, digest="0" * 64,
        content=b"", datasets=["t"], objectives=[{**column, "column": "tp", "rows": 1}],
    )  # fmt: skip
    run = before.run(
        benchmark_table=table,
        spec={"estimator": "table", "dataset": "t", "objectives": ["speed@a100"]},
    )
    yield
    (goal,) = Run.objects.get(pk=run.pk).objectives
    assert goal == {
        "name": "speed@a100", "kind": "speed", "device": "a100", "better": "higher",
        "unit": "images/s",
    }  # fmt: skip


@scenario
def objectives_that_a_migration_cannot_resolve_are_stored_by_the_next_step(before):
    path = before.folder / "file.csv"
    path.write_text("net,acc\n|none~0|+|none~0|none~1|+|none~0|none~1|none~2|,90\n")
    config = {"path": str(path), "columns": ["error=acc:100-x:%"], "architecture": "net"}
    run = before.run(
        state="queued",
        spec={
            "estimator": "table", "dataset": "x", "objectives": ["error"],
            "estimator_config": config, "space_config": {},
        },
    )  # fmt: skip
    yield
    run = Run.objects.get(pk=run.pk)
    assert run.objectives == []
    assert goals_of_run(run) == [{"name": "error", "unit": "%", "better": "lower"}]
    assert Run.objects.get(pk=run.pk).objectives == []  # reading stores nothing
    advance_run(run.pk)
    assert [goal["unit"] for goal in Run.objects.get(pk=run.pk).objectives] == ["%"]


@scenario
def the_best_candidate_of_an_earlier_run_is_found(before):
    candidates = before("runs", "Candidate").objects
    measurements = before("runs", "Measurement").objects
    run, empty = before.run(), before.run()
    rows = [("done", 5.0, 0.5), ("done", 20.0, None), ("done", 10.0, 0.0), ("pruned", 1.0, None)]
    for number, (state, error, violation) in enumerate(rows):
        candidate = candidates.create(
            run=run, number=number, state=state, violation=violation, proposal={}
        )
        for name, value in (("error", error), ("latency@cpu", 1.0)):
            measurements.create(candidate=candidate, objective=name, value=value, method="x")
    yield
    assert Run.objects.get(pk=run.pk).best == 2
    assert Run.objects.get(pk=empty.pk).best is None


@scenario
def earlier_candidates_cost_their_curve_and_their_time(before):
    start = timezone.now()
    run = before.run(state="finished", started_at=start, ended_at=start + timedelta(minutes=9))
    make = partial(before("runs", "Candidate").objects.create, run_id=run.pk, proposal={})
    minute = timedelta(minutes=1)
    make(number=0, state="done", ended_order=0, curve=[{"epoch": 1}, {"epoch": 2}],
         started_at=start, ended_at=start + minute)  # fmt: skip
    make(number=1, state="done", ended_order=1, started_at=start, ended_at=start)
    make(number=2, state="queued")
    yield
    costs = Run.objects.get(pk=run.pk).candidates.order_by("number")
    assert list(costs.values_list("epochs", "seconds", "gpu_seconds")) == [
        (2, 60, None),
        (0, None, None),
        (0, None, None),
    ]
    assert worked_seconds(Run.objects.get(pk=run.pk)) == 9 * 60


@scenario
def an_earlier_paused_run_rests_since_its_last_candidate(before):
    start = timezone.now() - timedelta(hours=5)
    run = before.run(state="paused", started_at=start)
    end = start + timedelta(hours=1)
    before("runs", "Candidate").objects.create(
        run_id=run.pk, number=0, proposal={}, state="done", ended_order=0,
        started_at=start, ended_at=end,
    )  # fmt: skip
    yield
    assert worked_seconds(Run.objects.get(pk=run.pk)) == 3600


@pytest.mark.django_db(transaction=True)
def test_runs_of_an_earlier_version_are_upgraded(tmp_path, subtests):
    models = migrate(BEFORE).get_model
    running = {}
    try:
        for name, steps in SCENARIOS.items():
            running[name] = steps(Before(models, name, tmp_path))
            next(running[name])
    finally:
        migrate(MigrationExecutor(connection).loader.graph.leaf_nodes())
    for name, steps in running.items():
        with subtests.test(name):
            assert next(steps, "ended") == "ended"
