"""Launching: errors name their setting, and a valid launch stores every setting."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from nasengine.core.errors import InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from webapp.events.models import Event
from webapp.runs.models import Run
from webapp.runs.services.launch import launch

from ...fixtures.factories import QUESTION, make_member, make_team

pytestmark = pytest.mark.django_db(transaction=True)
UNPRINTABLE = "must be one line of printable characters: remove line breaks and control characters"


def refused(team, spec: SearchSpec, name: str = "a run", tags=()) -> dict[str, str]:
    with pytest.raises(InvalidSettings) as caught:
        launch(team, None, spec, name, tags=tags)
    assert not Run.objects.exists()
    return caught.value.errors


@pytest.mark.trap(6)
def test_a_run_stores_all_search_settings():
    team = make_team()
    user = make_member(team)
    spec = SearchSpec(**{**QUESTION, "seed": 2**53 + 1, "constraints": ("params<2e6",)})
    run = launch(team, user, spec, "  first  ", tags=["a", "b"])
    run.refresh_from_db()
    assert SearchSpec.from_json(run.spec) == assembly.check(spec)
    assert (run.name, run.state, run.seed, run.tags) == ("first", "queued", 2**53 + 1, ["a", "b"])
    assert (run.strategy, run.candidate_budget, run.created_by) == ("random", 4, user)
    first, second = Event.objects.filter(run=run)
    assert (first.kind, first.item["seed"]) == ("run", str(2**53 + 1))
    assert second.item["text"] == f"launched by {user.username}"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x" * 100_000, "must have at most 120 characters (got 100,000)"),
        ("  ", "must not be empty: write a short name"),
        ("a\x00b", UNPRINTABLE),
        ("a\ud800b", UNPRINTABLE),
    ],
)
def test_names_that_are_not_allowed_are_refused(name, message):
    assert refused(make_team(), SearchSpec(**QUESTION), name) == {"name": message}


def test_number_and_length_of_tags_are_limited():
    team, spec = make_team(), SearchSpec(**QUESTION)
    assert "tags" in refused(team, spec, tags=["x" * 41])
    assert "tags" in refused(team, spec, tags=[str(i) for i in range(21)])


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_seeds_that_cannot_be_stored_are_refused(seed):
    assert "seed" in refused(make_team(), SearchSpec(**{**QUESTION, "seed": seed}))


def test_errors_of_the_engine_and_of_the_run_are_reported_together(monkeypatch):
    def check(spec):  # as if the engine refused a setting
        raise InvalidSettings({"estimator_config.epochs": "must be at least 1 (got 0)"})

    monkeypatch.setattr(assembly, "check", check)
    errors = refused(make_team(), SearchSpec(**QUESTION), "")
    assert errors.keys() == {"name", "estimator_config.epochs"}


def test_the_command_launches_a_run_with_its_options(capsys):
    team = make_team()
    user = make_member(team)
    call_command(
        "launch",
        "--space=nb201",
        "--strategy=random",
        "--set=epochs=2",
        "--constraint=params<2e6",
        "--candidates=3",
        "--in-flight=2",
        "--seed=9",
        f"--team={team.slug}",
        f"--user={user.username}",
        "--json",
    )
    row = json.loads(capsys.readouterr().out)
    run = Run.objects.get(pk=row["id"])
    assert (run.team, run.created_by, run.seed) == (team, user, 9)
    assert run.spec["constraints"] == ["params<2e6"]
    assert run.spec["in_flight"] == 2
    assert run.spec["estimator_config"]["epochs"] == 2


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--team=unknown"], "no team 'unknown'"),
        (["--user=unknown"], "no user 'unknown'"),
        (["--set=epochs"], "write NAME=VALUE, or PART.NAME=VALUE"),
        (["--strategy=nothing"], "nothing"),
    ],
)
def test_the_command_refuses_in_one_line(arguments, text):
    make_team()
    with pytest.raises(CommandError, match=text):
        call_command("launch", *arguments)
    assert not Run.objects.exists()
