"""Settings that runs share: filters and order by them, and the hash that finds equal ones."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models.fields.json import KeyTransform
from django.http import QueryDict

from tests.fixtures.factories import make_run
from webapp.runs.models import Run
from webapp.runs.run_fields import run_condition
from webapp.runs.run_table import run_table
from webapp.runs.shared_settings import values_by_settings

pytestmark = pytest.mark.django_db


def change(run: Any, **config: Any) -> Run:
    Run.objects.filter(pk=run.pk).update(spec={**run.spec, "strategy_config": config})
    return Run.objects.get(pk=run.pk)


def test_runs_that_differ_in_nothing_but_the_seed_share_a_key(team):
    one, two = (make_run(team, advance=False, seed=seed) for seed in (1, 2))
    other = make_run(team, advance=False, seed=1, candidates=5)
    keys = [Run.objects.get(pk=run.pk).settings_key for run in (one, two, other)]
    assert keys[0] == keys[1] != keys[2]
    changed = change(two, tries=3)
    assert changed.settings_key not in keys, "the database keeps the key up to date"


def test_a_setting_sorts_numbers_before_texts_and_runs_without_it_last(team, researcher):
    values = [10, 9, "a", None, 9, "missing"]
    runs = [make_run(team, advance=False, seed=seed) for seed in range(len(values))]
    for run, value in zip(runs, values, strict=True):
        change(run, **({} if value == "missing" else {"depth": value}))

    def order(sort: str) -> list[int]:
        found = run_table(team, researcher, QueryDict(f"sort={sort}"), None)
        return [runs.index(row["run"]) for row in found.rows]

    # JSON's order in PostgreSQL: null, texts, numbers; equal values by age, missing ones last.
    assert order("setting.depth") == [3, 2, 4, 1, 0, 5]
    assert order("-setting.depth") == [0, 4, 1, 2, 3, 5]
    assert order("setting.seed") == [0, 1, 2, 3, 4, 5]


def test_a_setting_of_another_team_decides_nothing(team, other_team, researcher):
    own, foreign = make_run(team, advance=False), make_run(other_team, advance=False)
    assert own.settings_key == foreign.settings_key
    found = Run.objects.filter(run_condition("setting.cells:5 space:nb201", researcher))
    assert set(found) == {own, foreign}, "the list itself is limited to a team"
    change(foreign, depth=3)
    assert not Run.objects.filter(run_condition("setting.depth:3", researcher), team=team)
    assert Run.objects.filter(run_condition("-setting.depth:3", researcher), team=team).exists()


def test_a_condition_reads_the_settings_once_for_all_runs_that_share_them(team):
    for seed in range(4):
        make_run(team, advance=False, seed=seed)
    make_run(team, advance=False, candidates=5)
    values = values_by_settings(KeyTransform("candidates", "spec"))
    assert list(values.values()) == [4, 5]
