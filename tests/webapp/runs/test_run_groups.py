"""Groups of the list of runs: one line per value, its figures, and the runs behind it."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict

from tests.fixtures.factories import end_run, make_run
from webapp.runs.models import Run, Study
from webapp.runs.run_groups import groupings
from webapp.runs.run_table import run_table

from ...fixtures.html_reader import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def grouped(team, researcher) -> list[Run]:
    """Three ended runs, two of them of depth 3, and a queued one without a depth."""
    made = [end_run(make_run(team, candidates=1, seed=s), [("done", 9.0 - s, 1.0)]) for s in (1, 2)]
    made += [make_run(team, candidates=1, seed=2, strategy="nsga2", advance=False)]
    for run, depth in zip(made, (3, 3, None), strict=True):
        spec = {**run.spec, "strategy_config": {} if depth is None else {"depth": depth}}
        Run.objects.filter(pk=run.pk).update(spec=spec)
    Run.objects.filter(pk=made[0].pk).update(created_by=researcher)
    return made


@pytest.mark.parametrize(
    ("group", "names"),
    [
        ("setting.depth", ["depth not set", "depth 3"]),
        ("method", ["Method nsga2", "Method random"]),
        ("seed", ["Seed 2", "Seed 1"]),
        ("setting.seed", ["seed 2", "seed 1"]),
        ("state", ["State queued", "State finished"]),
        ("author", ["Author –", "Author rosa"]),
        ("space", ["Space nb201"]),
    ],
)
def test_runs_with_an_equal_value_are_one_line(team, researcher, grouped, group, names):
    table = run_table(team, researcher, QueryDict(f"group={group}"), None)
    assert [row["study"].name for row in table.rows] == names
    assert sum(row["study"].runs for row in table.rows) == table.total == 3


def test_common_groups_are_first_and_settings_are_in_their_order(team, researcher, sign_in):
    make_run(team, advance=False)
    (common, first), (settings, own) = groupings(["depth", "Alpha", "beta"])
    assert (common, settings) == ("Common", "Settings")
    keys = [key for key, _ in first]
    assert keys[:7] == ["", "run", "method", "space", "data", "author", "state"]
    assert own == [("setting.Alpha", "Alpha"), ("setting.beta", "beta"), ("setting.depth", "depth")]
    groups = read(sign_in(researcher).get("/runs/", {"group": "data"})).all("optgroup")
    assert [group.attributes["label"] for group in groups] == ["Common", "Settings"]
    (chosen,) = [o for o in groups[0].all("option") if "selected" in o.attributes]
    assert chosen.attributes["value"] == "data"


def test_a_group_has_the_figures_of_its_runs_and_unfolds_into_them(
    team, researcher, grouped, sign_in, queries_of
):
    client = sign_in(researcher)
    page = read(client.get("/runs/", {"group": "setting.depth"}))
    row = page.one(f"group-row-{grouped[1].pk}")
    assert "1 method, 2 seeds" in row.text
    assert "7.50 % (± 0.71)" in row.text
    assert "2 of 2" in row.text
    (unfold,) = [a for a in row.all("a") if "within=" in a.attributes["href"]]
    members = read(client.get(unfold.attributes["href"])).all("td", data_cell="name")
    assert len(members) == 2
    few = queries_of(lambda: client.get("/runs/", {"group": "setting.depth"}))
    make_run(team, advance=False, seed=9)
    assert queries_of(lambda: client.get("/runs/", {"group": "setting.depth"})) == few


def test_without_groups_every_run_is_a_line_and_the_best_one_is_found(team, researcher, grouped):
    Run.objects.update(study=Study.objects.create(team=team, name="both"))
    table = run_table(team, researcher, QueryDict("group=run&sort=best&q=seed:1,2"), None)
    assert [row["run"].pk for row in table.rows][:2] == [grouped[1].pk, grouped[0].pk]
    assert all(row["study"] is None for row in table.rows)
    assert (table.group, table.total) == ("run", 3)
    assert len(run_table(team, researcher, QueryDict("sort=best"), None).rows) == 1


@pytest.mark.parametrize("group", ["note", "tags", "best", "setting.", "x" * 300])
def test_an_unknown_group_shows_the_usual_list(team, researcher, grouped, group: Any):
    address = QueryDict(mutable=True)
    address["group"] = group
    table = run_table(team, researcher, address, None)
    assert table.total == 3
