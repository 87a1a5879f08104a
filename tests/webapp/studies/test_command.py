"""`manage.py launch_study`: launches a study; errors are one line each."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from tests.fixtures.factories import make_table, table_text
from webapp.runs.models import Run, Study

pytestmark = pytest.mark.django_db
WORDS = (
    "--methods", "regularised-evolution,local-search", "--space", "nb201",
    "--dataset", "made", "--estimator", "table", "--set", "path=table:made",
    "--objectives", "error,latency@board", "--candidates", "12", "--seeds", "2",
    "--method-set", "regularised-evolution.population=5",
    "--method-set", "regularised-evolution.sample=2",
)  # fmt: skip


def say(*words: str) -> str:
    out = io.StringIO()
    call_command("launch_study", *words, stdout=out)
    return out.getvalue()


def test_the_command_launches_a_study_with_random_search(team):
    make_table(team, text=table_text())
    said = say(*WORDS, "--name", "from words", "--team", team.slug)
    study = Study.objects.get()
    assert said == f"Launched study {study.pk}: from words, 6 runs\n"
    assert sorted(set(study.runs.values_list("strategy", flat=True))) == [
        "local-search",
        "random",
        "regularised-evolution",
    ]
    evolution = study.runs.filter(strategy="regularised-evolution").first()
    assert evolution.spec["strategy_config"]["population"] == 5
    document = json.loads(
        say(*WORDS, "--name", "as json", "--team", team.slug, "--json", "--without-random")
    )
    assert len(document["results"]["runs"]) == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--methods", "nothing"), "nothing"),
        (("--methods", "random", "--seeds", "0"), "--seeds must be at least 1 (got 0)"),
        (("--methods", "random", "--seed", "x"), "--seed must be a whole number"),
        (("--methods", "random", "--method-set", "population=3"), "must be METHOD.NAME=VALUE"),
        (("--methods", "random", "--method-set", "nsga2.population=3"), "not among the methods"),
        (("--methods", "nsga2", "--method-set", "nsga2.population=-3"), "methods.nsga2.population"),
    ],
)
def test_wrong_options_are_refused_with_one_line(team, words, said):
    with pytest.raises(CommandError) as refused:
        say(*words, "--team", team.slug)
    assert said in str(refused.value)
    assert not Run.objects.exists()
