"""Launching a study: all runs or none, each the same as a single launch."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nasengine.core.errors import InvalidSettings
from nasengine.core.search_spec import SearchSpec
from tests.fixtures.factories import QUESTION, make_table, make_team
from webapp.runs.models import Run, Study
from webapp.runs.services.launch import launch
from webapp.studies.plan import Method, Plan
from webapp.studies.services.bulk_actions import apply_bulk_action
from webapp.studies.services.launching import launch_study

from ...fixtures.study_plans import EVOLUTION, small_plan, table_plan

pytestmark = pytest.mark.django_db


def test_every_method_runs_at_every_seed_with_the_settings_of_a_single_launch(team, researcher):
    plan = small_plan()
    study = launch_study(team, researcher, "  two methods ", plan, "which is better?")
    assert (study.name, study.question, study.team) == ("two methods", "which is better?", team)
    runs = list(study.runs.order_by("pk"))
    assert [(r.strategy, r.seed, r.state) for r in runs] == [
        ("random", 7, "queued"),
        ("regularised-evolution", 7, "queued"),
        ("random", 8, "queued"),
        ("regularised-evolution", 8, "queued"),
    ]
    alone = launch(team, None, replace(plan.spec_of(EVOLUTION), seed=8), "alone")
    assert runs[3].spec == alone.spec
    assert runs[3].name == "two methods: regularised-evolution, seed 8"
    assert {r.created_by for r in runs} == {researcher}


def test_a_plan_is_stored_and_can_be_launched_again(team):
    study = launch_study(team, None, "first", small_plan())
    again = launch_study(team, None, "second", Plan.from_json(study.plan))
    assert again.plan == study.plan
    pairs = zip(study.runs.order_by("pk"), again.runs.order_by("pk"), strict=True)
    assert all(one.spec == other.spec for one, other in pairs)


def test_all_runs_use_the_same_version_of_a_table(team):
    table = make_table(team)
    study = launch_study(team, None, "on a table", table_plan())
    assert set(study.runs.values_list("benchmark_table", flat=True)) == {table.pk}
    paths = {run.spec["estimator_config"]["path"] for run in study.runs.all()}
    assert len(paths) == 1 and table.digest in paths.pop()


def test_errors_name_their_method_and_nothing_is_launched(team):
    plan = Plan(
        SearchSpec(**{**QUESTION, "objectives": ("nothing",)}),
        (Method("random"), Method("regularised-evolution", {"population": -3}), Method("nothing")),
        (1, 2),
    )
    with pytest.raises(InvalidSettings) as refused:
        launch_study(team, None, " ", plan, "w" * 2001, priority=9)
    assert set(refused.value.errors) == {
        "name",
        "question",
        "priority",
        "objectives",
        "methods.regularised-evolution.population",
        "methods.nothing",
    }
    assert not Study.objects.exists() and not Run.objects.exists()


@pytest.mark.parametrize(
    ("changed", "path", "message"),
    [
        ({"methods": ()}, "methods", "must name at least one method"),
        ({"methods": (Method("random"), Method("random"))}, "methods", "each method once"),
        ({"seeds": ()}, "seeds", "must name at least one seed"),
        ({"seeds": (3, 3)}, "seeds", "each seed once"),
        ({"seeds": (-1,)}, "seeds", "between 0"),
        ({"seeds": tuple(range(201))}, "seeds", "402 runs; at most 400 are allowed"),
    ],
)
def test_numbers_of_methods_and_seeds_are_checked(team, changed, path, message):
    with pytest.raises(InvalidSettings) as refused:
        launch_study(team, None, "a study", small_plan(**changed))
    assert message in refused.value.errors[path]


def test_a_study_name_is_unique_within_a_team(team):
    launch_study(team, None, "a study", small_plan())
    launch_study(make_team(), None, "a study", small_plan())
    with pytest.raises(InvalidSettings) as refused:
        launch_study(team, None, "a study ", small_plan())
    assert "another study" in refused.value.errors["name"]


def test_each_run_of_a_study_takes_the_same_few_queries(team):
    def queries(name: str, seeds: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            launch_study(team, None, name, small_plan(seeds=tuple(range(seeds))))
        return len(captured)

    launch_study(team, None, "rows of space and data exist from now on", small_plan())
    first, second, third = queries("one", 1), queries("two", 2), queries("three", 3)
    assert third - second == second - first
    assert third - second <= 2 * 10  # two methods


def test_the_largest_study_is_launched_whole(team):
    study = launch_study(team, None, "large", small_plan(seeds=tuple(range(200))))
    assert study.runs.count() == 400


def test_a_name_of_full_length_leaves_room_for_the_runs(team):
    study = launch_study(team, None, "n" * 120, small_plan())
    names = list(study.runs.values_list("name", flat=True))
    assert max(map(len, names)) == 120
    assert all("seed" in name for name in names)


def states_of(study):
    return set(study.runs.values_list("state", flat=True))


def test_a_bulk_action_changes_every_run_that_allows_it(team, researcher):
    study = launch_study(team, researcher, "a study", small_plan())
    first = study.runs.order_by("pk").first()
    assert apply_bulk_action(study, "pause", researcher) == 4
    assert states_of(study) == {"paused"}
    Run.objects.filter(pk=first.pk).update(state="finished")
    assert apply_bulk_action(study, "resume", researcher) == 3
    assert states_of(study) == {"queued", "finished"}
    assert apply_bulk_action(study, "stop", researcher) == 3
    assert apply_bulk_action(study, "stop", researcher) == 0
