"""The result of a study in one sentence, for planted results."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from nasengine.core.objective import Goal
from tests.fixtures.factories import make_table, table_text
from tests.fixtures.html_reader import read
from webapp.compare.budget import Budget
from webapp.studies.ranking import ranking
from webapp.studies.services.launching import launch_study
from webapp.studies.verdict import verdict_of

from ...fixtures.study_plans import look_up_all, small_plan, table_plan, tell

ERROR = Goal("error", "error", None, "lower", "%")
SPEED = Goal("accuracy", "accuracy", None, "higher", "")


def found(values, measure="hypervolume", goal=ERROR, notes=()):
    return SimpleNamespace(
        values=values,
        measure=measure,
        goals=[goal],
        budget=Budget("candidates", 200.0, {}, notes),
    )


def evenly(start, count, step=0.01):
    return [start + step * i for i in range(count)]


def test_a_clear_result_names_method_measure_size_and_test():
    result = verdict_of(found({"random": evenly(0.5, 10), "nsga2": evenly(0.7, 10)}))
    assert result["sentence"] == (
        "At 200 candidates per run, nsga2 is better than random search: its hypervolume is "
        "typically higher by 0.200, 95 % interval 0.170 to 0.230, more than chance explains "
        "(Mann-Whitney test, p < 0.001; 10 seeds each)."
    )
    assert (result["best"], result["other"], result["kind"]) == ("nsga2", "random", "better")
    assert result["difference"] == pytest.approx(0.2)
    assert (result["seeds"], result["more_seeds"]) == ([10, 10], 0)


def test_the_best_error_is_lower_in_percentage_points():
    values = {"random": evenly(-9.0, 8, 0.1), "nsga2": evenly(-7.0, 8, 0.1)}
    text = verdict_of(found(values, "best", notes=("2 of 16 runs have not ended",)))["sentence"]
    assert text.startswith("So far, at 200 candidates per run, nsga2 is better than random search")
    assert "its best error is typically lower by 2.00 percentage points, 95 % interval" in text
    higher = verdict_of(found(values, "best", SPEED))["sentence"]
    assert "its best accuracy is typically higher by 2.00, 95 %" in higher


def test_what_can_be_chance_is_no_winner():
    values = {"random": evenly(0.5, 6), "nsga2": evenly(0.505, 6)}
    result = verdict_of(found(values))
    assert "no method is clearly better: nsga2 is ahead of random search" in result["sentence"]
    assert "but the difference can be chance (Mann-Whitney test, p = 0.7; 6" in result["sentence"]
    assert result["low"] < 0 < result["high"]
    assert "by 0.00500, 95 % interval -0.02500 to 0.03500)" in result["sentence"]
    level = verdict_of(found({"random": evenly(0.5, 6), "nsga2": evenly(0.5, 6)}))["sentence"]
    assert "random search and nsga2 have the same hypervolume (Mann-Whitney" in level


@pytest.mark.parametrize(
    ("count", "others", "more"),
    [
        (2, 0, "at least 2 more seeds"),
        (3, 0, "at least 1 more seed."),
        (1, 0, "at least 3 more seeds"),
        (4, 5, "at least 1 more seed."),
    ],
)
def test_too_few_seeds_are_counted(count, others, more):
    values = {"random": evenly(0.5, count), "nsga2": evenly(0.9, count)}
    values |= {f"m{i}": evenly(0.1, count) for i in range(others)}
    result = verdict_of(found(values))
    assert result["sentence"].startswith("Not enough seeds: at 200 candidates per run, nsga2 is")
    assert more in result["sentence"]
    assert result["kind"] == "too few seeds"


def test_the_best_of_several_is_compared_with_random_search_and_with_the_second():
    values = {"random": evenly(0.5, 10), "nsga2": evenly(0.7, 10), "monas": evenly(0.695, 10)}
    text = verdict_of(found(values))["sentence"]
    assert "nsga2 is better than random search" in text
    assert "with Holm's correction for 2 comparisons; 10 seeds each). It is not clearly " in text
    assert text.endswith("better than monas, the second (p = 0.73 with Holm's correction for all "
                         "3 pairs).")  # fmt: skip
    clear = verdict_of(found({**values, "monas": evenly(0.3, 10)}))["sentence"]
    assert "second" not in clear  # random search is the second
    apart = verdict_of(found({**values, "monas": evenly(0.55, 10)}))["sentence"]
    assert "It is also better than monas, the second (p < 0.001 with" in apart


def test_seeds_that_are_missing_for_the_second_are_counted():
    values = {name: evenly(0.1 * i, 5) for i, name in enumerate(("random", "a", "b", "c", "nsga2"))}
    text = verdict_of(found(values))["sentence"]
    assert "nsga2 is better than random search" in text
    assert text.endswith(
        "So few seeds cannot show whether it is also better than c, the second: each method "
        "needs at least 1 more seed."
    )


def test_random_search_can_be_the_best():
    values = {"random": evenly(0.8, 9), "nsga2": evenly(0.6, 9), "monas": evenly(0.5, 9)}
    text = verdict_of(found(values))["sentence"]
    assert "random search is better than nsga2, the best of the other methods: its" in text


def test_a_better_mean_does_not_hide_that_most_runs_are_worse():
    values = {"random": [0.5] * 5, "nsga2": [0.4, 0.4, 0.4, 0.4, 5.0]}
    assert verdict_of(found(values))["best"] == "random"


def test_without_random_search_all_pairs_are_tested():
    values = {"monas": evenly(0.5, 9), "nsga2": evenly(0.9, 9), "renas": evenly(0.7, 9)}
    result = verdict_of(found(values))
    assert (result["best"], result["other"], result["comparisons"]) == ("nsga2", "renas", 3)


def test_studies_without_a_comparison_state_why():
    assert verdict_of(found({"random": [0.5]}))["sentence"].startswith("One method: ")
    assert verdict_of(found({"random": [], "nsga2": []}))["sentence"].startswith("No result yet")


@pytest.mark.django_db
def test_the_page_and_the_ranking_have_the_sentence(team, viewer, sign_in):
    study = launch_study(team, None, "told", small_plan())
    for run in study.runs.order_by("pk"):
        half = 0.5 if run.strategy == "regularised-evolution" else 1.0
        tell(run, [40 * half, 20 * half + run.seed, 30, 40], [100, 200, 300, 400])
    sentence = ranking(study)["verdict"]["sentence"]
    assert sentence.startswith(
        "Not enough seeds: at 4 candidates per run, regularised-evolution is ahead of random search"
    )
    page = read(sign_in(viewer).get(f"/studies/{study.pk}/"))
    assert page.one("study-verdict").text == sentence


@pytest.mark.django_db
def test_a_study_on_a_table_gets_its_verdict(team):
    make_table(team, text=table_text(30), name="made")
    plan = table_plan(seeds=6, candidates=12)
    study = launch_study(team, None, "looked up", replace(plan, methods=plan.methods[:2]))
    look_up_all(study)
    verdict = ranking(study)["verdict"]
    assert verdict["seeds"] == [6, 6]
    assert verdict["low"] <= verdict["difference"] <= verdict["high"]
