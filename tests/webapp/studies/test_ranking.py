"""Ranking of methods: values computed by hand, and comparison with the engine."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from nasengine.core.search_spec import SearchSpec
from nasengine.execution import loop as search
from nasengine.statistics.curves import mean_curve
from nasengine.statistics.samples import (
    compare_samples,
    holm,
    mean_and_deviation,
    mean_ranks,
)
from tests.fixtures.factories import make_table, table_text
from webapp.studies.ranking import ranking
from webapp.studies.results import results
from webapp.studies.services.launching import launch_study
from webapp.studies.table import cells_of, matrix_of, spread_cell

from ...fixtures.study_plans import look_up_all, small_plan, table_plan, tell

pytestmark = pytest.mark.django_db


def test_mean_and_deviation_over_the_seeds():
    assert mean_and_deviation([1.0, None, 3.0]) == {
        "mean": 2.0,
        "deviation": pytest.approx(math.sqrt(2)),
        "count": 2,
    }
    assert mean_and_deviation([4.0]) == {"mean": 4.0, "deviation": None, "count": 1}
    assert mean_and_deviation([None]) is None
    assert mean_and_deviation([0.1 + 0.2, 0.3])["deviation"] == 0.0
    assert mean_and_deviation([1.0, 1.0 + 1e-9])["deviation"] > 0


def test_equal_values_have_a_deviation_of_zero_in_the_table():
    cell = spread_cell(mean_and_deviation([0.1 + 0.2, 0.3]), "hypervolume", "")
    assert cell.text.endswith("± 0")


def test_the_test_against_random_search_has_a_direction():
    better = compare_samples([5.0, 6.0, 7.0, 8.0], [1.0, 2.0, 3.0, 4.0])
    assert better["effect"] == 1.0
    assert better["p"] == pytest.approx(2 / math.comb(8, 4))  # one of 70 orders, and its reverse
    assert compare_samples([1.0, 2.0], [1.0, 2.0])["effect"] == 0.5
    assert compare_samples([1.0], [1.0, 2.0]) is None


def test_ranks_share_ties_and_ignore_unfinished_seeds():
    found = mean_ranks({"a": [3.0, 1.0, None], "b": [2.0, 1.0, 9.0], "c": [1.0, 0.0, 9.0]})
    assert found == {
        "a": {"rank": 1.25, "wins": 2, "seeds": 2},
        "b": {"rank": 1.75, "wins": 1, "seeds": 2},
        "c": {"rank": 3.0, "wins": 0, "seeds": 2},
    }


def test_a_mean_curve_is_always_over_the_same_seeds():
    """Where a seed begins late or ends early, the mean of the others would jump or fall."""
    curves = [([1, 3, 5], [1.0, 3.0, 9.0]), ([2], [5.0]), ([4], [100.0])]
    points = mean_curve(curves, [6, 3, 6], whole=True)
    assert [(p["spent"], p["mean"], p["count"]) for p in points] == [(2, 3.0, 2), (3, 4.0, 2)]
    assert mean_curve([], [], whole=True) == []


def test_a_mean_curve_never_falls_if_no_curve_falls():
    rng = np.random.default_rng(5)
    for _ in range(50):
        curves, totals = [], []
        for _ in range(4):
            xs = np.sort(rng.choice(40, size=rng.integers(1, 8), replace=False)) + 1
            curves.append((xs.tolist(), np.sort(rng.random(len(xs))).tolist()))
            totals.append(int(xs[-1] + rng.integers(0, 20)))
        means = [p["mean"] for p in mean_curve(curves, totals, whole=True)]
        assert means == sorted(means)


def test_holm_corrects_for_the_number_of_tests():
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx(
        {"a": 0.03, "c": 0.06, "b": 0.06}
    )
    assert holm({"a": 0.6, "b": 0.7}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


@pytest.fixture
def told(team):
    """Two methods at two seeds; evolution has half the error with the same parameters."""
    study = launch_study(team, None, "told", small_plan())
    for run in study.runs.order_by("pk"):
        half = 0.5 if run.strategy == "regularised-evolution" else 1.0
        tell(run, [40 * half, 20 * half + run.seed, 30, 40], [100, 200, 300, 400])
    return study


def test_two_objectives_are_ranked_by_hypervolume(told):
    data = ranking(told)
    assert data["measure"] == "hypervolume"
    assert data["reference"] == pytest.approx([44.0, 440.0])
    first, second = data["methods"]
    assert (first["strategy"], second["strategy"]) == ("regularised-evolution", "random")
    assert first["best"] == {"mean": 17.5, "deviation": pytest.approx(math.sqrt(0.5)), "count": 2}
    assert (first["rank"], first["wins"], second["rank"], second["wins"]) == (1.0, 2, 2.0, 0)
    box = 44 * 440
    volume = (44 - 20) * 340 + 3 * 240  # seed 7: (20, 100) and (17, 200)
    run = next(r for r in data["runs"] if r["seed"] == 7 and r["strategy"] != "random")
    assert run["hypervolume"] == pytest.approx(volume / box)
    curve = first["curves"]["best"]
    assert [(p["spent"], p["mean"]) for p in curve] == [(1, 20.0), (2, 17.5), (3, 17.5), (4, 17.5)]


def test_one_objective_is_ranked_by_its_best_value(team):
    spec = replace(small_plan().spec, objectives=("error",))
    study = launch_study(team, None, "one", small_plan(spec=spec))
    for run in study.runs.order_by("pk"):
        half = 0.5 if run.strategy == "regularised-evolution" else 1.0
        tell(run, [40 * half, 20 * half + run.seed, 30, 40], [100, 200, 300, 400])
    data = ranking(study)
    assert data["measure"] == "best"
    assert data["methods"][0]["strategy"] == "regularised-evolution"
    assert [row["place"] for row in cells_of(data)] == [1, 2]


def test_a_study_without_values_is_ranked_too(team):
    study = launch_study(team, None, "fresh", small_plan())
    data = ranking(study)
    assert [method["best"] for method in data["methods"]] == [None, None]
    assert [row["difference"].text for row in cells_of(data)] == ["–", "–"]
    assert data["methods"][0]["curves"] == {"hypervolume": [], "best": []}
    study.runs.all().delete()
    data = results(study)
    assert [method["runs"] for method in data["methods"]] == [0, 0]
    assert matrix_of(data)["seeds"] == []


def test_results_are_computed_again_after_a_tell(told, team):
    before = results(told)
    assert before["told"] == 16
    told.runs.order_by("pk").first().delete()
    after = results(told)
    assert after["told"] == 12 and after["methods"] != before["methods"]


def test_a_study_has_the_same_values_as_searches_in_the_engine(team):
    make_table(team, text=table_text())
    study = launch_study(team, None, "on a table", table_plan())
    look_up_all(study)
    data = ranking(study)
    assert {run["state"] for run in data["runs"]} == {"finished"}
    assert data["reported"] == ["test_error"]
    for run in study.runs.all():
        alone = search.run(SearchSpec.from_json(run.spec))
        row = next(r for r in data["runs"] if r["id"] == run.pk)
        assert row["best"] == alone.best.outcome.values["error"]
        assert row["reported"]["test_error"] == alone.best.outcome.values["test_error"]
    for method in data["methods"]:
        runs = [r for r in data["runs"] if r["strategy"] == method["strategy"]]
        tests = [r["reported"]["test_error"] for r in runs]
        assert method["reported"]["test_error"]["mean"] == pytest.approx(np.mean(tests))


def test_unfinished_runs_are_not_ranked(told):
    run = told.runs.order_by("pk").first()
    run.state = "running"
    run.save(update_fields=["state"])
    first = ranking(told)["methods"][0]
    assert (first["seeds"], first["wins"]) == (1, 1)
    assert first["difference"] is None


@pytest.mark.parametrize(
    ("spread", "unit", "text"),
    [
        ((27.931, 0.7712), "%", "27.93 ± 0.77"),
        ((0.66951, 0.00316), "", "0.670 ± 0.003"),
        ((0.66951, 0.00031), "", "0.670 ± 0.0003"),
        ((3_349_342.0, 12_000.0), "", "3.35 M ± 0.01 M"),
        ((4.0, None), "%", "4.00"),
    ],
)
def test_a_deviation_is_as_exact_as_its_mean(spread, unit, text):
    value = {"mean": spread[0], "deviation": spread[1], "count": 3}
    assert spread_cell(value, "error", unit).text == text
