"""Timeline, choices, log and reproduction of a run: their data, and their queries."""

from __future__ import annotations

import shlex
from argparse import ArgumentParser
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from nasengine.command_line.search_spec import add_arguments, spec_of
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from tests.fixtures.copies import copy_row
from tests.fixtures.factories import make_run, make_slot, work_off
from webapp.runs.choices import choices_of
from webapp.runs.log_lines import log_lines
from webapp.runs.models import Candidate
from webapp.runs.reproducing import command_of, reproducing
from webapp.runs.services.record import record_log
from webapp.runs.timeline import CELLS, timeline

pytestmark = pytest.mark.django_db


@pytest.fixture
def worked(team):
    """A run of 6 candidates that one worker measured."""
    run = make_run(team, candidates=6, in_flight=1)
    work_off(run, make_slot("anna"))
    return run


def at_seconds(run, *times: tuple[int, float, float]) -> None:
    """Let candidates start and end so many seconds after a moment."""
    for number, start, end in times:
        Candidate.objects.filter(run=run, number=number).update(
            started_at=Now() - timedelta(hours=1) + timedelta(seconds=start),
            ended_at=Now() - timedelta(hours=1) + timedelta(seconds=end),
        )


def test_the_timeline_joins_what_a_screen_cannot_show_apart(worked):
    worked.candidates.filter(number__gte=4).update(slot=None)
    at_seconds(worked, (0, 0, 400), (1, 501, 501.1), (2, 501.2, 501.3), (3, 900, 1000))
    worked.candidates.filter(number=2).update(state="failed")
    made = timeline(worked)
    assert [bar[0] for bar in made["bars"]] == [0, 0, 0]
    assert sorted(bar[3:] for bar in made["bars"]) == [
        [0, 1, "done"],
        [1, 2, "failed"],
        [3, 1, "done"],
    ]
    assert made["joined"]
    assert made["workers"][0] == {
        **{"name": "anna", "candidates": 4, "failed": 1},
        "busy_s": pytest.approx(500.2, abs=0.1),
        "share": pytest.approx(0.5, abs=0.01),
    }
    close = timeline(worked, 500.9, 501.5)
    assert sorted(bar[3:] for bar in close["bars"]) == [[1, 1, "done"], [2, 1, "failed"]]


def test_the_timeline_of_many_candidates_is_bounded(worked):
    copy_row(worked.candidates.get(number=0), 5000, number="99 + n", ended_order="null")
    moment = Now() - timedelta(hours=2) + F("number") * timedelta(seconds=1)
    Candidate.objects.filter(run=worked, number__gte=100).update(
        started_at=moment, ended_at=moment + timedelta(seconds=0.9)
    )
    with CaptureQueriesContext(connection) as queries:
        made = timeline(worked)
    assert len(queries) == 3
    assert made["workers"][0]["candidates"] == 5006
    assert len(made["bars"]) <= CELLS + 1
    assert sum(bar[4] for bar in made["bars"]) == 5006


def test_the_timeline_is_empty_before_a_worker_starts(team):
    assert timeline(make_run(team))["bars"] == []


def test_choices_have_the_architectures_decisions_and_the_importance(worked):
    with CaptureQueriesContext(connection) as queries:
        made = choices_of(worked)
    assert len(queries) == 2, "and two in binary form, which are not counted"
    space = assembly.make_space(SearchSpec.from_json(worked.spec))
    assert [d["name"] for d in made["decisions"]] == [d.name for d in space.decisions()]
    assert made["numbers"] == list(range(6))
    assert made["values"]["error"] == [50.0 - n for n in range(6)]
    assert made["importance"]["error"]["candidates"] == 6
    assert made["importance"]["error"]["shares"] == [], "of six candidates none is shown"
    assert sum(one["share"] for one in made["operations"]) == pytest.approx(1, abs=0.01)
    with CaptureQueriesContext(connection) as queries:
        assert choices_of(worked) == made
    assert len(queries) == 0, "remembered by the last event"


def test_trap_05_log_lines_are_cleaned_filtered_and_paged(worked):
    record_log(worked, "warning", "half a pair \ud800 and a \x00 in a line", 7)
    found = log_lines(worked, number=7, level="warning")
    assert [line["text"] for line in found["lines"]] == ["half a pair ? and a \ufffd in a line"]
    assert not found["more"]
    for number in range(201):
        record_log(worked, "info", f"line {number}")
    newest = log_lines(worked)
    assert (len(newest["lines"]), newest["more"]) == (200, True)
    older = log_lines(worked, before=newest["lines"][0]["seq"])
    assert older["lines"][-1]["text"] == "line 0"


@pytest.mark.parametrize(
    "given",
    [
        {"space": "nb201", "strategy": "random", "seed": 9, "candidates": 7},
        {
            "strategy": "nsga2",
            "strategy_config": {"population": 6},
            "constraints": ("params<2e6",),
            "fewer_epochs": "asha",
            "reduction": 3,
            "dataset_config": {},
        },
    ],
)
def test_the_command_line_has_the_settings_of_the_run(given):
    spec = assembly.check(SearchSpec(**given))
    words = shlex.split(command_of(spec))
    parser = ArgumentParser()
    add_arguments(parser)
    parser.add_argument("--out")
    read = spec_of(parser.parse_args(words[4:]))
    assert assembly.check(read) == spec


def test_a_run_stores_the_code_and_the_packages_that_launched_it(worked):
    worked.team  # noqa: B018  a view has it already
    with CaptureQueriesContext(connection) as queries:
        found = reproducing(worked)
    assert len(queries) == 1
    assert found["environment"]["packages"]["numpy"]
    assert found["environment"]["code"].startswith("0.1.0+")
    assert [worker["name"] for worker in found["workers"]] == ["anna"]
