"""Methods are compared at an equal budget, in candidates, epochs, seconds or GPU seconds."""

from __future__ import annotations

import csv
import io
import json

import pytest

from webapp.runs.models import Candidate, Run
from webapp.runs.services.advance import advance_run
from webapp.runs.services.control import raise_budget
from webapp.studies.ranking import ranking
from webapp.studies.services.launching import launch_study
from webapp.studies.table import cells_of, difference_cell, equal_of

from ...fixtures.html_reader import read
from ...fixtures.study_plans import small_plan, tell

pytestmark = pytest.mark.django_db

RANDOM, EVOLVED = "random", "regularised-evolution"


def make_study(team, told, seeds=(7, 8), **plan):
    """Launch random search and evolution and tell each run the errors that `told` names.

    A run that has candidates left is paused.
    """
    study = launch_study(team, None, "budgets", small_plan(seeds=seeds, **plan))
    for run in study.runs.order_by("pk"):
        errors = told(run)
        tell(run, errors, [100.0] * len(errors))
        study.runs.filter(pk=run.pk, told__lt=4).update(state="paused")
    return study


def spend(run: Run, **costs: float) -> None:
    """Let every candidate of a run cost the same."""
    Candidate.objects.filter(run=run).update(**costs)


def end(runs, state="stopped"):
    runs.update(state=state)


def method(data, name):
    return next(m for m in data["methods"] if m["strategy"] == name)


def test_unequal_runs_are_compared_at_the_largest_common_count(team):
    """Evolution ended after two candidates; random search was better only later."""
    study = make_study(team, lambda r: [40, 30] if r.strategy == EVOLVED else [60, 50, 20, 10])
    end(study.runs.filter(strategy=EVOLVED))
    data = ranking(study)
    assert data["budget"] == 2
    assert [m["strategy"] for m in data["methods"]] == [EVOLVED, RANDOM]
    assert method(data, RANDOM)["best"]["mean"] == 50
    assert {run["final_best"] for run in data["runs"]} == {10, 30}
    assert data["provisional"] == ["the runs evaluated different numbers of candidates"]
    assert equal_of(data)["amount"] == "2 candidates"


def test_a_method_without_an_ended_run_is_not_ranked_above_one_with_all(team):
    study = make_study(team, lambda r: [5] if r.strategy == EVOLVED else [60, 50, 20, 10])
    data = ranking(study)
    assert data["budget"] == 1, "every seed has begun, none is complete"
    assert data["provisional"][0] == "2 of 4 runs have not ended"
    assert [m["rank"] for m in data["methods"]] == [None, None]


def test_complete_seeds_are_compared_without_those_that_have_only_begun(team):
    study = make_study(team, lambda r: [40, 30, 20, 10] if r.seed == 7 else [50])
    data = ranking(study)
    assert data["budget"] == 4
    assert [run["seed"] for run in data["runs"] if run["compared"]] == [7, 7]
    assert data["provisional"][0] == "2 of 4 runs have not ended"


def test_a_failed_run_is_left_out_and_named(team):
    study = make_study(team, lambda r: [40, 30, 20, 10])
    first = study.runs.filter(strategy=EVOLVED).order_by("pk")[:1]
    study.runs.filter(pk__in=list(first.values_list("pk", flat=True))).update(state="failed")
    data = ranking(study)
    assert data["budget"] == 4
    assert method(data, EVOLVED)["best"]["count"] == 1
    assert data["provisional"] == ["1 run failed and is left out"]


def test_a_run_that_had_nothing_more_to_propose_does_not_limit_the_others(team):
    study = make_study(team, lambda r: [40, 30] if r.strategy == EVOLVED else [60, 50, 20, 10])
    end(study.runs.filter(strategy=EVOLVED), "finished")  # told 2 of 4
    data = ranking(study)
    assert data["budget"] == 4
    assert method(data, EVOLVED)["best"]["mean"] == 30
    assert data["provisional"] == []
    assert method(data, EVOLVED)["curves"]["best"][-1]["spent"] == 4


def test_a_raised_budget_of_one_run_is_no_advantage(team):
    study = make_study(team, lambda r: [40, 30, 20, 10])
    first = study.runs.filter(strategy=EVOLVED).order_by("pk").first()
    raise_budget(first, None, 6)
    advance_run(first.pk)
    tell(first, [5, 4], [100.0, 100.0])
    data = ranking(study)
    assert data["budget"] == 4
    assert method(data, EVOLVED)["best"]["mean"] == 10
    assert data["provisional"] == ["the runs evaluated different numbers of candidates"]


def test_a_method_of_which_every_run_failed_has_no_value_and_the_others_are_ranked(team):
    study = make_study(team, lambda r: [40, 30, 20, 10])
    end(study.runs.filter(strategy=EVOLVED), "failed")
    data = ranking(study)
    assert (data["budget"], data["methods"][0]["strategy"]) == (4, RANDOM)
    assert method(data, EVOLVED)["best"] is None
    assert method(data, EVOLVED)["curves"] == {"hypervolume": [], "best": []}
    assert [row["difference"].text for row in cells_of(data)] == ["–", "–"]
    assert data["provisional"] == ["2 runs failed and are left out"]


def test_a_deleted_run_leaves_its_seed_to_the_others(team):
    study = make_study(team, lambda r: [40, 30, 20, 10])
    study.runs.filter(strategy=EVOLVED, seed=8).delete()
    data = ranking(study)
    assert data["budget"] == 4
    assert (method(data, EVOLVED)["best"]["count"], method(data, RANDOM)["best"]["count"]) == (1, 2)
    assert (method(data, RANDOM)["seeds"], method(data, RANDOM)["wins"]) == (1, 1)


def test_equal_epochs_rank_otherwise_than_equal_candidates(team):
    """A candidate of random search trains for four epochs, one of evolution for one."""
    study = make_study(
        team, lambda r: [40, 35, 30, 25] if r.strategy == EVOLVED else [50, 20, 9, 8]
    )
    for run in study.runs.all():
        epochs = 1 if run.strategy == EVOLVED else 4
        spend(run, epochs=epochs, seconds=2.0 * epochs)
    by_candidates, by_epochs = ranking(study), ranking(study, "epochs")
    assert by_candidates["methods"][0]["strategy"] == RANDOM
    assert (by_epochs["unit"], by_epochs["budget"]) == ("epochs", 4)
    assert by_epochs["methods"][0]["strategy"] == EVOLVED
    assert method(by_epochs, RANDOM)["best"]["mean"] == 50
    assert by_epochs["provisional"] == []
    assert ranking(study, "seconds")["budget"] == 8
    assert by_epochs["units"] == ["candidates", "epochs", "seconds"]
    curve = method(by_epochs, EVOLVED)["curves"]["best"]
    assert (curve[0]["spent"], curve[-1]["spent"], curve[-1]["mean"]) == (1, 4, 25)


def test_a_cost_that_no_run_has_is_not_offered(team):
    study = make_study(team, lambda r: [40, 30, 20, 10])
    spend(study.runs.first(), gpu_seconds=3.0)
    data = ranking(study, "gpu_seconds")
    assert data["unit"] == "candidates"
    assert "gpu_seconds" not in data["units"]
    choices = {choice.name: choice for choice in equal_of(data)["choices"]}
    assert choices["gpu_seconds"].reason and not choices["candidates"].reason


def test_candidates_pruned_before_training_do_not_count_as_candidates(team):
    study = make_study(team, lambda r: [40, 30, 20, 10])
    Candidate.objects.filter(run__in=study.runs.all(), number=0).update(state="pruned")
    data = ranking(study)
    assert data["budget"] == 3
    assert method(data, RANDOM)["best"]["mean"] == 10


def test_equal_means_have_the_place_of_their_names(team):
    study = make_study(team, lambda r: [40, 30, 20, 10])
    assert [row["place"] for row in cells_of(ranking(study))] == [1, 2]


def test_methods_without_a_result_have_no_place(team):
    study = make_study(team, lambda r: [])
    assert [row["place"] for row in cells_of(ranking(study))] == [None, None]


def compared(p, effect, corrected, tests=7, smallest=2 / 252):
    return {"strategy": "nsga2", "difference": {
        "p": p, "effect": effect, "smallest_p": smallest, "corrected_p": corrected,
        "comparisons": tests,
    }}  # fmt: skip


def test_seven_methods_at_five_seeds_are_too_few_for_better():
    cell = difference_cell(compared(0.0079, 1.0, 0.0556))
    assert cell.text == "too few seeds: large effect (p = 0.056)"
    assert "with Holm's correction for 7 comparisons with random search" in cell.title


@pytest.mark.parametrize(
    ("effect", "corrected", "text"),
    [
        (0.58, 0.01, "better: small effect (p = 0.01)"),
        (0.42, 0.00001, "worse: small effect (p < 0.0001)"),
        (0.9, 0.3, "no clear difference: large effect (p = 0.3)"),
        (0.5, 1.0, "no clear difference: no effect (p = 1)"),
    ],
)
def test_the_word_for_the_effect_follows_its_size_and_not_the_p_value(effect, corrected, text):
    assert difference_cell(compared(0.001, effect, corrected, smallest=1e-9)).text == text


def test_the_page_and_the_exports_switch_the_unit(team, viewer, sign_in):
    client = sign_in(viewer)
    study = make_study(team, lambda r: [40, 30, 20, 10])
    for run in study.runs.all():
        spend(run, epochs=3 if run.strategy == EVOLVED else 2, seconds=1.5)
    page = read(client.get(f"/studies/{study.pk}/?by=epochs"))
    assert page.one("study-budget").text.startswith("At 8 epochs per run")
    assert page.one("equal-epochs").attributes["aria-current"] == "true"
    assert page.all(data_testid="study-provisional") == []
    assert page.one("study-csv").attributes["href"].endswith("results.csv?by=epochs")
    answer = client.get(f"/studies/{study.pk}/results.csv?by=epochs")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert {(line["equal"], line["equal_budget"]) for line in lines} == {("epochs", "8.0")}
    evolved = next(line for line in lines if line["strategy"] == EVOLVED)
    assert (evolved["best"], evolved["final_best"]) == ("30.0", "10.0")
    assert (evolved["epochs"], evolved["seconds"], evolved["gpu_seconds"]) == ("12.0", "6.0", "0.0")
    document = json.loads(client.get(f"/studies/{study.pk}/results.json?by=nonsense").content)
    assert document["results"]["unit"] == "candidates"
