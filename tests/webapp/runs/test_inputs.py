"""Every launch stores the team's space version, its data set and the resolved objectives."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from nasengine.core.search_spec import SearchSpec
from tests.fixtures.study_plans import small_plan
from webapp.runs.models import DataSet, Run, Space, SpaceVersion
from webapp.runs.services.launch import launch
from webapp.start.built_in import store_built_in
from webapp.start.first_run import launch_first_run
from webapp.studies.services.launching import launch_study

from ...fixtures.factories import QUESTION, make_member, make_run, make_table, make_team

pytestmark = pytest.mark.django_db(transaction=True)


def inputs(run: Run) -> tuple:
    """Return the run's space version and data set after comparing them with its settings."""
    run.refresh_from_db()
    rows = (
        run.space_version.space.engine_space,
        run.space_version.config,
        run.data_set.source,
        run.data_set.config,
    )
    spec = run.spec
    assert rows == (spec["space"], spec["space_config"], spec["dataset"], spec["dataset_config"])
    assert [goal["name"] for goal in run.objectives] == spec["objectives"]
    return run.space_version, run.data_set


def test_a_launch_adds_versions_of_the_teams_space():
    team, user = make_team(), None
    version, data_set = inputs(make_run(team, advance=False))
    assert (version.space.team, version.space.name, version.number) == (team, "nb201", 1)
    assert (data_set.team, data_set.name) == (team, "digits")
    again = launch(team, user, SearchSpec(**{**QUESTION, "seed": 8}), "same settings")
    assert inputs(again) == (version, data_set)
    wider = launch(team, user, SearchSpec(**QUESTION, space_config={"channels": 5}), "wider")
    newer, same_data = inputs(wider)
    assert (newer.space, newer.number, same_data) == (version.space, 2, data_set)


def test_other_data_settings_add_another_data_set():
    team = make_team()
    spec = SearchSpec(**QUESTION)
    first = launch(team, None, spec, "a").data_set
    other = SearchSpec(**QUESTION, dataset_config={"valid_share": 0.3})
    second = launch(team, None, other, "b").data_set
    assert (first.name, second.name) == ("digits", "digits 2")
    assert second.config["valid_share"] == 0.3


def test_shared_rows_with_the_same_settings_are_used():
    store_built_in()
    version, data_set = inputs(make_run(advance=False))
    assert (version.space.team, data_set.team) == (None, None)
    assert Run.objects.get().data_digest == data_set.digest != ""


@pytest.mark.trap(33)
def test_rows_of_another_team_are_never_used():
    ours = inputs(make_run(make_team(), advance=False))
    theirs = inputs(make_run(make_team(), advance=False))
    assert ours[0].space.team != theirs[0].space.team
    assert ours[1] != theirs[1]


def test_first_run_study_command_and_table_search_store_them_too():
    team = make_team()
    user = make_member(team)
    inputs(launch_first_run(team, user))
    study = launch_study(team, user, "a study", small_plan())
    for run in study.runs.all():
        inputs(run)
    call_command("launch", "--space=nb201", "--strategy=random", f"--team={team.slug}")
    inputs(Run.objects.latest("pk"))
    make_table(team)
    config = {"path": "table:made"}
    table_spec = {**QUESTION, "estimator": "table", "dataset": "made", "objectives": ("error",)}
    _, data_set = inputs(
        launch(team, user, SearchSpec(**table_spec, estimator_config=config), "on a table")
    )
    assert data_set.name == "made"
    assert Space.objects.filter(team=team).values("name").distinct().count() == 2


def test_a_space_in_use_cannot_be_deleted_but_its_team_can():
    team = make_team()
    run = make_run(team, advance=False)
    with pytest.raises(Exception, match="restricted"):
        run.space_version.delete()
    with pytest.raises(Exception, match="restricted"):
        run.data_set.delete()
    team.delete()
    assert not (Run.objects.exists() or SpaceVersion.objects.exists() or DataSet.objects.exists())


def test_objectives_are_stored_with_direction_unit_and_device():
    run = make_run(advance=False, objectives=("error", "params", "latency@cpu"))
    assert run.objectives == [
        {"name": "error", "kind": "error", "device": None, "better": "lower", "unit": "%"},
        {"name": "params", "kind": "params", "device": None, "better": "lower", "unit": ""},
        {
            "name": "latency@cpu",
            "kind": "latency",
            "device": "cpu",
            "better": "lower",
            "unit": "ms",
        },
    ]
