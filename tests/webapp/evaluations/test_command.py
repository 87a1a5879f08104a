"""`manage.py evaluate`: what can be named, settings, roles, output."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from tests.fixtures.factories import make_run, work_off
from webapp.evaluations.models import Evaluation

pytestmark = pytest.mark.django_db


@pytest.fixture
def candidate(team):
    run = make_run(team, candidates=1)
    work_off(run)
    return run.candidates.get()


def evaluate(*words: str) -> str:
    out = io.StringIO()
    call_command("evaluate", *words, stdout=out)
    return out.getvalue()


def test_a_candidate_is_named_by_run_and_number(candidate, researcher):
    settings = ("--epochs", "3", "--set", "dataset.limit=200", "--set", "flip=true")
    out = evaluate(
        f"{candidate.run_id}/0", *settings, "--seeds", "1,4", "--user", "rosa", "--queue", "cuda"
    )
    evaluation = Evaluation.objects.get()
    name = "quick (epochs 3, flip True)"
    assert out == f"Launched evaluation {evaluation.pk}: a run #0 ({name})\n"
    assert (evaluation.candidate, evaluation.requested_by) == (candidate, researcher)
    assert evaluation.dataset_config["limit"] == 200
    assert list(evaluation.trainings.values_list("seed", "queue")) == [(1, "cuda"), (4, "cuda")]


def test_entries_and_published_networks_are_named_too(team, make_entry):
    entry = make_entry(team, None, "kept")
    shown = json.loads(evaluate(str(entry.pk), "--json"))
    assert (shown["title"], shown["state"], shown["seeds"]) == ("kept", "queued", [0, 1, 2])
    shown = json.loads(evaluate("ENAS_RNN", "--json", "--dataset", "pydoc-text"))
    assert (shown["title"], shown["dataset"]) == ("ENAS_RNN", "pydoc-text")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["DARTS_V9"], "'DARTS_V9' is not among the networks"),
        (["77/1"], "has no run 77 with a candidate 1"),
        (["77"], "has no entry 77"),
        (["DARTS_V2", "--protocol", "slow"], "protocol: 'slow' is not among the protocols"),
        (["DARTS_V2", "--epochs", "0"], "settings.epochs: must be at least 1"),
        (["DARTS_V2", "--set", "epochs"], "--set needs NAME=VALUE"),
        (["DARTS_V2", "--seeds", "a"], "seeds: must be whole numbers"),
        (["DARTS_V2", "--dataset", "pydoc-text"], "pydoc-text is text"),
        (["DARTS_V2", "--user", "vera"], "vera may not launch in Vision"),
    ],
)
def test_a_wrong_word_is_explained_in_one_line(words, text, team, viewer):
    with pytest.raises(CommandError, match=text):
        evaluate(*words)
    assert not Evaluation.objects.exists()
