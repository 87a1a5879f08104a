"""KEDA's query counts the work of one queue that a worker could do now or does now."""

from __future__ import annotations

import pytest
from django.db import connection

from tests.fixtures.evaluations import make_evaluation
from tests.fixtures.factories import make_run, make_slot, make_team, take
from webapp.evaluations.models import Training
from webapp.runs.models import Candidate, Run

from .files import of_kind

QUERIES = {
    scaled["metadata"]["name"].removeprefix("worker-"): scaled["spec"]["triggers"][0]["metadata"]
    for scaled in of_kind("ScaledObject")
}


def count(queue: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(QUERIES[queue]["query"])
        ((number,),) = cursor.fetchall()
    return int(number)


def counts() -> tuple[int, int]:
    return count("cpu"), count("cuda")


@pytest.mark.django_db
def test_waiting_and_running_work_of_the_queue_is_counted():
    assert set(QUERIES) == {"cpu", "cuda"}
    assert {trigger["targetQueryValue"] for trigger in QUERIES.values()} == {"1"}
    assert counts() == (0, 0)
    team = make_team()
    run = make_run(team, candidates=9, in_flight=3)
    assert counts() == (3, 0)
    take(make_slot())
    assert counts() == (3, 0), "a running candidate keeps its worker"
    Candidate.objects.filter(run=run, number=2).update(state="lost")
    assert counts() == (3, 0), "a lost candidate waits again"
    cuda = make_run(team, candidates=9, in_flight=2, estimator_config={"device": "cuda"})
    assert counts() == (3, 2)
    Run.objects.filter(pk__in=[run.pk, cuda.pk]).update(state="paused")
    assert counts() == (1, 0), "only the running candidate of a paused run"
    Candidate.objects.filter(run=run).update(state="done")
    assert counts() == (0, 0)
    make_evaluation(team, seeds=(0, 1))
    assert counts() == (2, 0)
    Training.objects.filter(seed=0).update(queue="cuda", state="running")
    assert counts() == (1, 1)
