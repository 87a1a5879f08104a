"""A study that looks after every seed, and stops the runs that it does not need."""

from __future__ import annotations

import pytest

from webapp.compare.budget import DECIDED
from webapp.studies.deciding import progress_of
from webapp.studies.ranking import ranking
from webapp.studies.services.launching import launch_study
from webapp.studies.services.stopping import stop_decided

from ...fixtures.study_plans import small_plan, tell

pytestmark = pytest.mark.django_db


def finished(team, wins, seeds, **plan):
    """A study in which evolution was better at the first `wins` seeds; later ones are queued."""
    spec = small_plan().spec
    one = type(spec).from_json({**spec.to_json(), "candidates": 1})
    study = launch_study(
        team, None, "deciding", small_plan(spec=one, seeds=tuple(range(seeds)), **plan)
    )
    for run in study.runs.filter(seed__lt=wins).order_by("seed", "pk"):
        tell(run, [20.0 if run.strategy == "random" else 10.0], [100.0])
    return study


def test_the_sentence_counts_the_seeds_that_are_missing(team):
    (progress,) = progress_of(finished(team, 5, 9))
    assert progress.sentence == (
        "regularised-evolution covers random on 100 % of the front, 5 of 5 seeds; two more seeds "
        "decide if they go the same way (anytime-valid p = 0.13)."
    )
    assert not progress.decided


def test_decided_methods_lose_only_runs_that_have_not_begun(team):
    study = finished(team, 7, 9, stop_decided=True)
    (progress,) = progress_of(study)
    assert progress.decided and "decided (anytime-valid p = 0.037)" in progress.sentence
    assert stop_decided() == 4  # evolution and random search at two seeds
    stopped = study.runs.filter(state__in=("stopped", "stopping"))
    assert set(stopped.values_list("seed", "reason")) == {(7, DECIDED), (8, DECIDED)}
    assert study.runs.filter(state="finished").count() == 14
    data = ranking(study)
    assert data["budget"] == 1 and data["methods"][0]["best"]["count"] == 7
    assert stop_decided() == 0


def test_a_study_that_did_not_ask_is_left_alone(team):
    study = finished(team, 7, 8)
    assert stop_decided() == 0 and "stop_decided" not in study.plan
